using System.Runtime.Intrinsics;
using static TorchSharp.torch;

namespace Neoteny.Runtime.Cpu;

/// <summary>SwiGLU for fp32 in CPU memory, one pass forward and one backward.</summary>
internal static unsafe class SwiGluLoops
{
    private const int Chunk = 4096;

    public static bool Handles(params ReadOnlySpan<Tensor> tensors) => RmsNormLoops.Handles(tensors);

    public static Tensor Forward(Tensor gate, Tensor up)
    {
        var y = empty_like(gate);
        var (pg, pu, py) = (TensorData.Pointer(gate), TensorData.Pointer(up), TensorData.Pointer(y));
        var n = gate.numel();
        RowLoop.Run((n + Chunk - 1) / Chunk, Chunk, (from, to, _) =>
        {
            float* g = (float*)pg, u = (float*)pu, o = (float*)py;
            var (i, end) = (from * Chunk, Math.Min(to * Chunk, n));
            for (; i <= end - 8; i += 8)
            {
                var x = Vector256.Load(g + i);
                (x / (Vector256<float>.One + Vector256.Exp(-x)) * Vector256.Load(u + i)).Store(o + i);
            }

            for (; i < end; i++)
            {
                o[i] = g[i] / (1 + MathF.Exp(-g[i])) * u[i];
            }
        });
        GC.KeepAlive(gate);
        GC.KeepAlive(up);
        return y;
    }

    public static (Tensor Gate, Tensor Up) Backward(Tensor dy, Tensor gate, Tensor up)
    {
        var (dGate, dUp) = (empty_like(gate), empty_like(up));
        var (pd, pg, pu, po, pv) = (TensorData.Pointer(dy), TensorData.Pointer(gate), TensorData.Pointer(up), TensorData.Pointer(dGate), TensorData.Pointer(dUp));
        var n = gate.numel();
        RowLoop.Run((n + Chunk - 1) / Chunk, Chunk, (from, to, _) =>
        {
            float* d = (float*)pd, g = (float*)pg, u = (float*)pu, dg = (float*)po, du = (float*)pv;
            var (i, end) = (from * Chunk, Math.Min(to * Chunk, n));
            for (; i <= end - 8; i += 8)
            {
                var (x, vd) = (Vector256.Load(g + i), Vector256.Load(d + i));
                var s = Vector256<float>.One / (Vector256<float>.One + Vector256.Exp(-x));
                var silu = x * s;
                (vd * silu).Store(du + i);
                (vd * Vector256.Load(u + i) * (s + (silu * (Vector256<float>.One - s)))).Store(dg + i);
            }

            for (; i < end; i++)
            {
                var s = 1 / (1 + MathF.Exp(-g[i]));
                du[i] = d[i] * g[i] * s;
                dg[i] = d[i] * u[i] * (s + (g[i] * s * (1 - s)));
            }
        });
        GC.KeepAlive(dy);
        GC.KeepAlive(gate);
        GC.KeepAlive(up);
        return (dGate, dUp);
    }
}

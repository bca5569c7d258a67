using System.Runtime.Intrinsics;
using static TorchSharp.torch;

namespace Neoteny.Runtime.Cpu;

/// <summary>Rotary embedding for fp32 heads in CPU memory, one pass.</summary>
internal static unsafe class RotaryLoops
{
    public static bool Handles(params ReadOnlySpan<Tensor> tensors) => RmsNormLoops.Handles(tensors);

    public static Tensor Turn(Tensor x_THD, Tensor cos_TF, Tensor sin_TF, bool backward)
    {
        var (heads, size, half) = ((int)x_THD.size(1), (int)x_THD.size(2), (int)cos_TF.size(1));
        var y = empty_like(x_THD);
        var (px, py, pc, ps) = (TensorData.Pointer(x_THD), TensorData.Pointer(y), TensorData.Pointer(cos_TF), TensorData.Pointer(sin_TF));
        RowLoop.Run(x_THD.size(0), heads * size, (from, to, _) =>
        {
            for (var t = from; t < to; t++)
            {
                for (var h = 0; h < heads; h++)
                {
                    var at = ((t * heads) + h) * size;
                    TurnHead((float*)px + at, (float*)py + at, (float*)pc + (t * half), (float*)ps + (t * half), half, backward ? -1f : 1f);
                    new ReadOnlySpan<float>((float*)px + at + (2 * half), size - (2 * half)).CopyTo(new Span<float>((float*)py + at + (2 * half), size - (2 * half)));
                }
            }
        });
        GC.KeepAlive(x_THD);
        GC.KeepAlive(cos_TF);
        GC.KeepAlive(sin_TF);
        return y;
    }

    private static void TurnHead(float* x, float* y, float* cos, float* sin, int half, float direction)
    {
        var sign = Vector256.Create(direction);
        var i = 0;
        for (; i <= half - 8; i += 8)
        {
            var (a, b, c, s) = (Vector256.Load(x + i), Vector256.Load(x + half + i), Vector256.Load(cos + i), Vector256.Load(sin + i) * sign);
            ((a * c) - (b * s)).Store(y + i);
            ((b * c) + (a * s)).Store(y + half + i);
        }

        for (; i < half; i++)
        {
            var (a, b, c, s) = (x[i], x[half + i], cos[i], sin[i] * direction);
            y[i] = (a * c) - (b * s);
            y[half + i] = (b * c) + (a * s);
        }
    }
}

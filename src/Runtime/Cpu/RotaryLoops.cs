using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using static TorchSharp.torch;

namespace Neoteny.Runtime.Cpu;

/// <summary>Rotary embedding for fp32 heads in CPU memory, one pass.</summary>
internal static unsafe class RotaryLoops
{
    public static bool Handles(params ReadOnlySpan<Tensor> tensors)
    {
        foreach (var tensor in tensors)
        {
            if (!TensorData.IsDenseFloat(tensor))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Turns into <paramref name="y_THD"/>, which may be the input itself.</summary>
    public static void Turn(Tensor x_THD, Tensor y_THD, Tensor cos_TF, Tensor sin_TF, bool backward)
    {
        var (heads, size, half) = ((int)x_THD.size(1), (int)x_THD.size(2), (int)cos_TF.size(1));
        var (px, py, pc, ps) = (TensorData.Pointer(x_THD), TensorData.Pointer(y_THD), TensorData.Pointer(cos_TF), TensorData.Pointer(sin_TF));
        var (direction, passing) = (backward ? -1f : 1f, px == py ? 0 : size - (2 * half));
        RowLoop.Run(x_THD.size(0), heads * size, (from, to, _) =>
        {
            for (var t = from; t < to; t++)
            {
                for (var h = 0; h < heads; h++)
                {
                    var at = ((t * heads) + h) * size;
                    float* x = (float*)px + at, y = (float*)py + at, c = (float*)pc + (t * half), s = (float*)ps + (t * half);
                    if (Vector512.IsHardwareAccelerated && half >= Lanes16.Count)
                        TurnHead<Lanes16>(x, y, c, s, half, direction);
                    else
                        TurnHead<Lanes8>(x, y, c, s, half, direction);
                    new ReadOnlySpan<float>(x + (2 * half), passing).CopyTo(new Span<float>(y + (2 * half), passing));
                }
            }
        });
        GC.KeepAlive(x_THD);
        GC.KeepAlive(y_THD);
        GC.KeepAlive(cos_TF);
        GC.KeepAlive(sin_TF);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void TurnHead<T>(float* x, float* y, float* cos, float* sin, int half, float direction)
        where T : struct, ILanes<T>
    {
        var sign = T.Of(direction);
        var i = 0;
        for (; i <= half - T.Count; i += T.Count)
        {
            var (a, b, c, s) = (T.Load(x + i), T.Load(x + half + i), T.Load(cos + i), T.Load(sin + i) * sign);
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

using System.Runtime.Intrinsics;
using static TorchSharp.torch;

namespace Neoteny.Runtime.Cpu;

/// <summary>RMSNorm for fp32 rows in CPU memory: one pass for the statistics, one for the result.</summary>
internal static unsafe class RmsNormLoops
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

    public static (Tensor Output, Tensor Inverse) Forward(Tensor x, Tensor w, double epsilon, double offset)
    {
        var columns = w.size(0);
        var rows = x.numel() / columns;
        var (y, inverse) = (empty_like(x), empty(rows));
        var (px, pw, py, pi) = (TensorData.Pointer(x), TensorData.Pointer(w), TensorData.Pointer(y), TensorData.Pointer(inverse));
        var n = (int)columns;
        RowLoop.Run(rows, columns, (from, to, _) =>
        {
            for (var row = from; row < to; row++)
            {
                var r = 1 / MathF.Sqrt((SumOfProducts((float*)px + (row * n), (float*)px + (row * n), n) / n) + (float)epsilon);
                ((float*)pi)[row] = r;
                Scale((float*)px + (row * n), (float*)pw, (float*)py + (row * n), n, r, (float)offset);
            }
        });
        KeepAlive(x, w);
        return (y, inverse);
    }

    public static (Tensor Input, Tensor? Weight) Backward(Tensor dy, Tensor x, Tensor inverse, Tensor w, double offset, bool needsWeight)
    {
        var columns = w.size(0);
        var rows = x.numel() / columns;
        var dx = empty_like(x);
        using var partial = needsWeight ? zeros(RowLoop.Workers, columns) : null;
        var (pdy, px, pi, pw, pdx) = (TensorData.Pointer(dy), TensorData.Pointer(x), TensorData.Pointer(inverse), TensorData.Pointer(w), TensorData.Pointer(dx));
        var pdw = partial is null ? 0 : TensorData.Pointer(partial);
        var n = (int)columns;
        RowLoop.Run(rows, columns, (from, to, part) =>
        {
            var sum = pdw == 0 ? null : (float*)pdw + ((long)part * n);
            for (var row = from; row < to; row++)
            {
                BackwardRow((float*)pdy + (row * n), (float*)px + (row * n), (float*)pw, (float*)pdx + (row * n), sum, n, ((float*)pi)[row], (float)offset);
            }
        });
        KeepAlive(dy, x, inverse, w);
        return (dx, partial?.sum(0));
    }

    private static float SumOfProducts(float* a, float* b, int n)
    {
        var sum = Vector256<float>.Zero;
        var i = 0;
        for (; i <= n - 8; i += 8)
        {
            sum = Vector256.MultiplyAddEstimate(Vector256.Load(a + i), Vector256.Load(b + i), sum);
        }

        var total = Vector256.Sum(sum);
        for (; i < n; i++)
        {
            total += a[i] * b[i];
        }

        return total;
    }

    private static void Scale(float* x, float* w, float* y, int n, float r, float offset)
    {
        var (factor, shift) = (Vector256.Create(r), Vector256.Create(offset));
        var i = 0;
        for (; i <= n - 8; i += 8)
        {
            (Vector256.Load(x + i) * factor * (Vector256.Load(w + i) + shift)).Store(y + i);
        }

        for (; i < n; i++)
        {
            y[i] = x[i] * r * (w[i] + offset);
        }
    }

    private static void BackwardRow(float* dy, float* x, float* w, float* dx, float* dw, int n, float r, float offset)
    {
        var (shift, sum) = (Vector256.Create(offset), Vector256<float>.Zero);
        var i = 0;
        for (; i <= n - 8; i += 8)
        {
            sum = Vector256.MultiplyAddEstimate(Vector256.Load(dy + i) * (Vector256.Load(w + i) + shift), Vector256.Load(x + i), sum);
        }

        var dot = Vector256.Sum(sum);
        for (; i < n; i++)
        {
            dot += dy[i] * (w[i] + offset) * x[i];
        }

        // dx = r * (g - n * mean(g * n)) with n = x * r and g = dy * (w + offset)
        var c = dot * r * r * r / n;
        var (vr, vc) = (Vector256.Create(r), Vector256.Create(c));
        for (i = 0; i <= n - 8; i += 8)
        {
            var (vdy, vx) = (Vector256.Load(dy + i), Vector256.Load(x + i));
            ((vdy * (Vector256.Load(w + i) + shift) * vr) - (vx * vc)).Store(dx + i);
            if (dw is not null)
            {
                Vector256.MultiplyAddEstimate(vdy, vx * vr, Vector256.Load(dw + i)).Store(dw + i);
            }
        }

        for (; i < n; i++)
        {
            dx[i] = (dy[i] * (w[i] + offset) * r) - (x[i] * c);
            if (dw is not null)
            {
                dw[i] += dy[i] * x[i] * r;
            }
        }
    }

    private static void KeepAlive(params ReadOnlySpan<Tensor> tensors)
    {
        foreach (var tensor in tensors)
        {
            GC.KeepAlive(tensor);
        }
    }
}

using System.Runtime.Intrinsics;
using Neoteny.Runtime.Operators;
using static TorchSharp.torch;

namespace Neoteny.Runtime.Cpu;

/// <summary>RMSNorm and LayerNorm for fp32 rows in CPU memory: each row is read from memory once and worked on in the cache.</summary>
internal static unsafe class NormLoops
{
    public static bool Handles(params ReadOnlySpan<Tensor?> tensors)
    {
        foreach (var tensor in tensors)
        {
            if (tensor is not null && !TensorData.IsDenseFloat(tensor))
            {
                return false;
            }
        }

        return true;
    }

    public static NormResult Forward(Tensor x, Tensor? residual, NormWeights weights, NormSettings settings)
    {
        var n = (int)weights.Scale.size(0);
        var rows = x.numel() / n;
        var (y, sum, inverse, mean) = (empty_like(x), residual is null ? null : empty_like(x), empty(rows), settings.Centered ? empty(rows) : null);
        var call = new NormRows
        {
            Columns = n,
            Epsilon = (float)settings.Epsilon,
            Offset = (float)settings.Offset,
            Weight = Pointer(weights.Scale),
            Bias = Pointer(weights.Bias),
            Inverse = Pointer(inverse),
            Mean = Pointer(mean),
        };
        float* px = Pointer(x), pr = Pointer(residual), ps = Pointer(sum), py = Pointer(y);
        RowLoop.Run(rows, n, (from, to, _) =>
        {
            for (var row = from; row < to; row++)
            {
                if (Vector512.IsHardwareAccelerated)
                    call.Forward<Lanes16>(row, px, pr, ps, py);
                else
                    call.Forward<Lanes8>(row, px, pr, ps, py);
            }
        });
        KeepAlive(x, residual, weights.Scale, weights.Bias);
        return new NormResult(y, inverse, mean, sum);
    }

    public static NormGradients Backward(NormBackward of, NormWeights weights, NormSettings settings)
    {
        var n = (int)weights.Scale.size(0);
        var rows = of.Input.numel() / n;
        var dx = of.Into ?? empty_like(of.Input);
        using var partial = of.NeedsWeight ? zeros(RowLoop.Workers, n) : null;
        using var partialBias = of.NeedsBias ? zeros(RowLoop.Workers, n) : null;
        var call = new NormRows
        {
            Columns = n,
            Offset = (float)settings.Offset,
            Weight = Pointer(weights.Scale),
            Inverse = Pointer(of.Inverse),
            Mean = Pointer(of.Mean),
        };
        float* pd = Pointer(of.Gradient), px = Pointer(of.Input), pa = Pointer(of.Added), po = Pointer(dx), pw = Pointer(partial), pb = Pointer(partialBias);
        RowLoop.Run(rows, n, (from, to, part) =>
        {
            var dw = pw is null ? null : pw + ((long)part * n);
            var db = pb is null ? null : pb + ((long)part * n);
            for (var row = from; row < to; row++)
            {
                if (Vector512.IsHardwareAccelerated)
                    call.Backward<Lanes16>(row, pd, px, pa, po, dw, db);
                else
                    call.Backward<Lanes8>(row, pd, px, pa, po, dw, db);
            }
        });
        KeepAlive(of.Gradient, of.Input, of.Inverse, of.Mean, of.Added, weights.Scale, dx);
        return new NormGradients(dx, partial?.sum(0L), partialBias?.sum(0L));
    }

    private static float* Pointer(Tensor? tensor) => tensor is null ? null : (float*)TensorData.Pointer(tensor);

    private static void KeepAlive(params ReadOnlySpan<Tensor?> tensors)
    {
        foreach (var tensor in tensors)
        {
            GC.KeepAlive(tensor);
        }
    }
}

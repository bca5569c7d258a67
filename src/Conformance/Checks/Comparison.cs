using static TorchSharp.torch;

namespace Neoteny.Conformance;

/// <summary>Distances between tensors.</summary>
internal static class Comparison
{
    /// <summary>How much more one row may be off than the whole: rounding is not spread evenly, but a wrong row stands out by far more.</summary>
    private const double RowSlack = 6;

    /// <summary>
    /// The larger of two relative errors: norm of the difference over norm of the reference, and the same for the worst row divided by
    /// <see cref="RowSlack"/>. The second sees one wrong token among many. NaN where the result is not finite.
    /// </summary>
    /// <param name="expected">The reference, at least one element.</param>
    /// <param name="actual">The result, of the same shape.</param>
    /// <param name="floor">The least norm to be relative to.</param>
    public static double Of(Tensor expected, Tensor actual, double floor)
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        var wide = Wide(expected);
        var difference = Wide(actual).sub(wide);
        var norm = Math.Max(wide.norm().item<double>(), floor);
        var whole = difference.norm().item<double>() / norm;
        if (!double.IsFinite(whole) || wide.dim() < 2)
        {
            return double.IsFinite(whole) ? whole : double.NaN;
        }

        var rows = wide.size(0);
        var typical = norm / Math.Sqrt(rows);
        var each = difference.reshape(rows, -1).norm(1, false, 2f).div(wide.reshape(rows, -1).norm(1, false, 2f).clamp_min(Runtime.Scalars.Of(typical)));
        return Math.Max(whole, each.max().item<double>() / RowSlack);
    }

    /// <summary>Whether dtype, shape and every value agree; NaN equals NaN.</summary>
    public static bool SameBits(Tensor a, Tensor b)
    {
        using var scope = NewDisposeScope();
        return a.dtype == b.dtype && a.shape.SequenceEqual(b.shape) && a.eq(b).logical_or(a.ne(a).logical_and(b.ne(b))).all().item<bool>();
    }

    /// <summary>fp64 on the CPU.</summary>
    public static Tensor Wide(Tensor tensor) => tensor.detach().cpu().to(ScalarType.Float64);
}

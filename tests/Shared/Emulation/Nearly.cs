using TorchSharp;
using static TorchSharp.torch;

namespace Neoteny.Tests;

/// <summary>Compares results of kernels element by element.</summary>
internal static class Nearly
{
    /// <summary>Asserts that elements differ from what is expected by no more than roundings: of the dtype of the result, relative to the element or to the root mean square of all.</summary>
    /// <param name="expected">In a wider dtype.</param>
    /// <param name="actual">The kernel's result.</param>
    /// <param name="tolerance">0 for that of the dtype.</param>
    public static void Equal(Tensor expected, Tensor actual, double tolerance = 0)
    {
        if (tolerance == 0)
            tolerance = actual.dtype switch { ScalarType.BFloat16 => 1.0 / 128, ScalarType.Float16 => 1.0 / 1024, _ => 1e-5 };
        Assert.Equal(expected.shape, actual.shape);
        using var scope = NewDisposeScope();
        var (e, a) = (expected.detach().to(ScalarType.Float64), actual.to(ScalarType.Float64));
        var allowed = e.abs().add(e.norm().div(Math.Sqrt(Math.Max(1, e.numel()))), 1).mul(tolerance);
        var off = a.sub(e).abs().le(allowed).logical_not();
        var wrong = off.sum().item<long>();
        if (wrong == 0)
            return;
        var at = off.flatten().nonzero()[0].item<long>();
        Assert.Fail($"{wrong} of {e.numel()} elements differ, the first at {at}: {a.flatten()[at].item<double>()} instead of {e.flatten()[at].item<double>()}");
    }
}

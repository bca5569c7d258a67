using static TorchSharp.torch;

namespace Neoteny.Parity.Tests;

/// <summary>How far two tensors are apart.</summary>
internal static class Compare
{
    /// <summary>The largest absolute difference; infinity where the shapes differ.</summary>
    public static double MaxDifference(Tensor actual, Tensor expected)
        => actual.shape.SequenceEqual(expected.shape)
            ? actual.cpu().to(ScalarType.Float64).sub(expected.cpu().to(ScalarType.Float64)).abs().max().item<double>()
            : double.PositiveInfinity;

    /// <summary>The norm of the difference over the norm of what is expected.</summary>
    public static double RelativeDifference(Tensor actual, Tensor expected)
        => actual.shape.SequenceEqual(expected.shape)
            ? actual.cpu().to(ScalarType.Float64).sub(expected.cpu().to(ScalarType.Float64)).norm().item<double>()
                / Math.Max(expected.cpu().to(ScalarType.Float64).norm().item<double>(), 1e-6)
            : double.PositiveInfinity;
}

using static TorchSharp.torch;

namespace Neoteny.Plugins.Tests;

/// <summary>Comparisons by norm.</summary>
internal static class Close
{
    /// <summary>Asserts that the norm of the difference is at most <paramref name="tolerance"/> times the norm of what is expected, or times <paramref name="floor"/> where that is larger.</summary>
    public static void To(Tensor expected, Tensor actual, double tolerance, string what, double floor = 1e-3)
    {
        Assert.True(expected.shape.SequenceEqual(actual.shape), $"{what}: [{string.Join(", ", actual.shape)}] instead of [{string.Join(", ", expected.shape)}]");
        var wide = expected.detach().to(ScalarType.Float64);
        var difference = actual.to(ScalarType.Float64).sub(wide).norm().item<double>() / Math.Max(wide.norm().item<double>(), floor);
        Assert.True(difference <= tolerance, $"{what}: off by {difference:g3} relative to its norm");
    }

    /// <summary>Whether two tensors agree in every bit.</summary>
    public static bool Same(Tensor a, Tensor b) => a.shape.SequenceEqual(b.shape) && a.eq(b).all().item<bool>();
}

using static TorchSharp.torch;

namespace Neoteny.Benchmarks.Harness;

/// <summary>How far a result is off.</summary>
internal static class RelativeError
{
    /// <summary>The norm of the difference over the norm of what is expected, in fp32.</summary>
    public static double Of(Tensor expected, Tensor actual)
    {
        using var scope = NewDisposeScope();
        return actual.to(ScalarType.Float32).sub(expected).norm().item<float>() / (double)expected.norm().item<float>();
    }
}

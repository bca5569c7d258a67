using static TorchSharp.torch;

namespace Neoteny.Conformance;

/// <summary>Random inputs from a seed: the same numbers on every device, without touching the global generator.</summary>
internal sealed class Draw(ulong seed, Device device) : IDisposable
{
    private readonly Generator generator = new(seed, CPU);

    /// <summary>Standard normal numbers, rounded to a dtype.</summary>
    public Tensor Normal(ScalarType dtype, params long[] shape)
        => empty(shape, dtype: ScalarType.Float32).normal_(0, 1, generator).to(dtype).to(device);

    /// <summary>Standard normal numbers times a factor, rounded to a dtype.</summary>
    public Tensor Scaled(double factor, ScalarType dtype, params long[] shape)
        => empty(shape, dtype: ScalarType.Float32).normal_(0, 1, generator).mul_(Runtime.Scalars.Of(factor)).to(dtype).to(device);

    public void Dispose() => generator.Dispose();
}

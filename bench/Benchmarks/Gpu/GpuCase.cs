namespace Neoteny.Benchmarks.Gpu;

/// <summary>One kind of step.</summary>
/// <param name="Shape">The model.</param>
/// <param name="Layout">The documents.</param>
/// <param name="IsAdapted">Whether LoRA of rank 16 on every linear module trains instead of all weights.</param>
/// <param name="State">How the optimizer keeps bf16 weights.</param>
/// <param name="Layers">How many layers of the model; null for all.</param>
/// <param name="Attention">The attention kernel.</param>
/// <param name="With">The set of plugins besides.</param>
/// <param name="Captures">Whether layers run as CUDA graphs.</param>
internal sealed record GpuCase(GpuShape Shape, GpuLayout Layout, bool IsAdapted, GpuState State, int? Layers, string Attention, string With, bool Captures)
{
    /// <summary>Its name in files.</summary>
    public string Name => string.Join('-', new[]
    {
        Shape.Name, Layers is { } count ? $"{count}layers" : null, Layout.Name, IsAdapted ? "lora" : "full", IsAdapted ? null : State.ToString().ToLowerInvariant(),
        Attention == GpuKernels.UsualAttention ? null : Attention, With == GpuKernels.Sets[0] ? null : With.Replace('+', '-'),
        Captures ? "graphs" : null,
    }.OfType<string>());
}

/// <summary>How the optimizer keeps bf16 weights.</summary>
internal enum GpuState
{
    /// <summary>Weights and moments in bf16, rounded stochastically: 6 bytes a weight.</summary>
    Bf16,

    /// <summary>bf16 weights with fp32 masters and moments, the product's default: 14 bytes a weight.</summary>
    Master,

    /// <summary>Stochastically rounded bf16 weights with fp32 moments: 10 bytes a weight.</summary>
    Stochastic,
}

using Neoteny.Attention;
using Neoteny.Runtime.AttentionOperators;
using TorchSharp;
using static TorchSharp.torch;

namespace Neoteny.Plugins.Xformers;

/// <summary>Memory-efficient attention over packed rows by the CUTLASS kernels that xFormers gave libtorch.</summary>
/// <remarks>Rabe and Staats, 2021; Lefaudeux et al., xFormers, 2022. For fp32, and for devices older than FlashAttention-2 takes.</remarks>
[Provides("xformers", Summary = "CUTLASS memory-efficient kernels: any CUDA device, fp32, fp16 and bf16.")]
public sealed class XformersAttention : IAttention
{
    private const int Ampere = 8;

    /// <inheritdoc/>
    public AttentionFeatures Supports => AttentionFeatures.Causal | AttentionFeatures.Window | AttentionFeatures.GroupedHeads
        | AttentionFeatures.DistinctValueSize | AttentionFeatures.UnequalLengths | AttentionFeatures.LogSumExp | AttentionFeatures.Deterministic | AttentionFeatures.Sinks;

    /// <inheritdoc/>
    public string? Refuses(AttentionSpec spec, ScalarType dtype, Device device)
        => EfficientOperator.Refuses(spec, dtype, device)
            ?? (dtype == ScalarType.BFloat16 && ComputeCapability.Major(device) < Ampere ? "bf16 needs a device of compute capability 8.0 or later" : null);

    /// <inheritdoc/>
    public AttentionOutput Forward(AttentionInput input) => SinkColumn.AddTo(EfficientOperator.Forward(input), input);

    /// <inheritdoc/>
    public AttentionGradients Backward(AttentionBackward backward) => SinkColumn.AddTo(EfficientOperator.Backward(backward), backward);
}

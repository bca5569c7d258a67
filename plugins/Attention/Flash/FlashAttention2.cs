using Neoteny.Attention;
using Neoteny.Runtime.AttentionOperators;
using TorchSharp;
using static TorchSharp.torch;

namespace Neoteny.Plugins.Flash;

/// <summary>FlashAttention-2 over the whole packed row in one call, with cumulative lengths.</summary>
/// <remarks>Dao, FlashAttention-2: Faster attention with better parallelism and work partitioning, 2023.</remarks>
[Provides("flash_attention_2", Summary = "FlashAttention-2 over packed documents: CUDA from Ampere on, bf16 and fp16.")]
public sealed class FlashAttention2 : IAttention
{
    private const int Ampere = 8;

    /// <inheritdoc/>
    public AttentionFeatures Supports => AttentionFeatures.Causal | AttentionFeatures.Window | AttentionFeatures.GroupedHeads
        | AttentionFeatures.UnequalLengths | AttentionFeatures.LogSumExp | AttentionFeatures.Deterministic | AttentionFeatures.Sinks;

    /// <inheritdoc/>
    public string? Refuses(AttentionSpec spec, ScalarType dtype, Device device)
        => FlashOperator.Refuses(spec, dtype, device)
            ?? (ComputeCapability.Major(device) < Ampere ? "it needs a device of compute capability 8.0 or later" : null);

    /// <inheritdoc/>
    public AttentionOutput Forward(AttentionInput input) => SinkColumn.AddTo(FlashOperator.Forward(input), input);

    /// <inheritdoc/>
    public AttentionGradients Backward(AttentionBackward backward) => SinkColumn.AddTo(FlashOperator.Backward(backward), backward);
}

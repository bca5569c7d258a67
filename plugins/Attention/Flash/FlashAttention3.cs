using Neoteny.Attention;
using Neoteny.Plugins.Flash.Cudnn;
using Neoteny.Runtime.AttentionOperators;
using Neoteny.Runtime.Native;
using TorchSharp;
using static TorchSharp.torch;

namespace Neoteny.Plugins.Flash;

/// <summary>Attention at FlashAttention-3's speed on Hopper: cuDNN's warp-specialised kernels over all packed documents in one call.</summary>
/// <remarks>
/// Shah et al., FlashAttention-3: Fast and accurate attention with asynchrony and low-precision, 2024, describes the algorithm. The kernels are
/// cuDNN's. libtorch's own way to them takes equal lengths only; here their graph is built through cuDNN's backend interface with the lengths
/// and offsets of the documents as device tensors, so that one plan serves every packing of a row. What that graph does not cover (documents
/// with more keys than queries, the deterministic mode) runs on FlashAttention-2.
/// </remarks>
[Provides("flash_attention_3", Summary = "The speed of FlashAttention-3 on Hopper, by cuDNN's kernels over packed documents; bf16 and fp16.")]
public sealed class FlashAttention3 : IAttention, IDisposable
{
    private const int Hopper = 9;
    private readonly RaggedAttention ragged = new();

    /// <inheritdoc/>
    public AttentionFeatures Supports => AttentionFeatures.Causal | AttentionFeatures.Window | AttentionFeatures.GroupedHeads
        | AttentionFeatures.UnequalLengths | AttentionFeatures.LogSumExp | AttentionFeatures.Deterministic | AttentionFeatures.Sinks;

    /// <inheritdoc/>
    public string? Refuses(AttentionSpec spec, ScalarType dtype, Device device)
        => FlashOperator.Refuses(spec, dtype, device)
            ?? (ComputeCapability.Major(device) != Hopper ? "it needs a Hopper device (compute capability 9.x)" : null)
            ?? (spec.HeadSize % 16 != 0 ? $"head size {spec.HeadSize} is no multiple of 16" : null)
            ?? ragged.Refuses(spec, dtype, device);

    /// <inheritdoc/>
    public AttentionOutput Forward(AttentionInput input) => SinkColumn.AddTo(IsRagged(input) ? ragged.Forward(input) : FlashOperator.Forward(input), input);

    /// <inheritdoc/>
    public AttentionGradients Backward(AttentionBackward backward)
        => SinkColumn.AddTo(IsRagged(backward.Input) ? ragged.Backward(backward) : FlashOperator.Backward(backward), backward);

    /// <summary>Frees the plans.</summary>
    public void Dispose() => ragged.Dispose();

    private static bool IsRagged(AttentionInput input)
        => !Determinism.IsOn && input.Layout.QueryLengths.SequenceEqual(input.Layout.KeyLengths) && RaggedShape.Fits(input);
}

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
/// and offsets of the documents as device tensors, so that one plan serves every packing of a row. Rows of equally long documents run on the
/// dense kernel, which saves the mask; documents with more keys than queries, and everything in the deterministic mode, on FlashAttention-2.
/// </remarks>
[Provides("flash_attention_3", Summary = "The speed of FlashAttention-3 on Hopper, by cuDNN's kernels over packed documents; bf16 and fp16.")]
public sealed class FlashAttention3 : IAttention, IDisposable
{
    private const int Hopper = 9;
    private const int ShortestDense = 1024;
    private const int DenseStep = 128;
    private const int LargestDenseHead = 128;

    // From here on a row keeps the device busy for longer than the host needs to launch its kernels.
    private const int LongestCaptured = 8192;
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
    public LayoutCapacity? CapacityFor(AttentionSpec spec, SequenceLayout layout)
        => Determinism.IsOn || layout.Tokens > LongestCaptured || Uniform(layout, spec) is not null || !layout.QueryLengths.SequenceEqual(layout.KeyLengths) || !RaggedShape.Fits(spec, layout.Tokens)
            ? null : RaggedShape.Room(layout);

    /// <inheritdoc/>
    public AttentionOutput Forward(AttentionInput input) => SinkColumn.AddTo(
        !IsCudnn(input) ? FlashOperator.Forward(input) : Uniform(input) is { } documents ? Dense(input, documents) : ragged.Forward(input), input);

    /// <inheritdoc/>
    public AttentionGradients Backward(AttentionBackward backward) => SinkColumn.AddTo(
        !IsCudnn(backward.Input) ? FlashOperator.Backward(backward) : Uniform(backward.Input) is { } documents ? Dense(backward, documents) : ragged.Backward(backward), backward);

    /// <summary>Frees the plans.</summary>
    public void Dispose() => ragged.Dispose();

    private static bool IsCudnn(AttentionInput input)
        => !Determinism.IsOn && input.Layout.QueryLengths.SequenceEqual(input.Layout.KeyLengths) && RaggedShape.Fits(input);

    /// <summary>The row as equally long documents that the dense kernel takes without padding; null where it is not made of these.</summary>
    private static DenseDocuments? Uniform(AttentionInput input) => Uniform(input.Layout, input.Spec);

    private static DenseDocuments? Uniform(SequenceLayout layout, AttentionSpec spec)
    {
        var lengths = layout.QueryLengths;
        return lengths[0] >= ShortestDense && lengths[0] % DenseStep == 0 && spec.HeadSize <= LargestDenseHead && spec.HidesLater
            && !spec.Demands.HasFlag(AttentionFeatures.Window) && lengths.All(l => l == lengths[0])
            ? new DenseDocuments(0, lengths.Count, lengths[0], lengths[0]) : null;
    }

    private static AttentionOutput Dense(AttentionInput input, DenseDocuments documents)
    {
        var (output, sums) = CudnnDenseOperator.Forward(input, documents);
        return new AttentionOutput { Output = output.contiguous(), LogSumExp = sums.contiguous() };
    }

    private static AttentionGradients Dense(AttentionBackward backward, DenseDocuments documents)
    {
        var (query, key, value) = CudnnDenseOperator.Backward(backward, documents);
        return new AttentionGradients { Query = query, Key = key, Value = value };
    }
}

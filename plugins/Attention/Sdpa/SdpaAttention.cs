using Neoteny.Attention;
using Neoteny.Runtime.AttentionOperators;
using TorchSharp;
using static TorchSharp.torch;

namespace Neoteny.Plugins.Sdpa;

/// <summary>libtorch's fused attention: its blocked kernel on the CPU, cuDNN, FlashAttention-2 and the memory-efficient kernel on CUDA.</summary>
/// <remarks>Dao et al. 2022 and 2023. Memory grows with the tokens, not with their square.</remarks>
[Provides("sdpa", Summary = "libtorch's fused kernels on CPU and CUDA, each where it is best.")]
public sealed class SdpaAttention : IAttention
{
    /// <inheritdoc/>
    public AttentionFeatures Supports => AttentionFeatures.Causal | AttentionFeatures.Window | AttentionFeatures.GroupedHeads
        | AttentionFeatures.UnequalLengths | AttentionFeatures.LogSumExp | AttentionFeatures.Deterministic | AttentionFeatures.Sinks
        | AttentionFeatures.DistinctValueSize;

    /// <inheritdoc/>
    public string? Refuses(AttentionSpec spec, ScalarType dtype, Device device)
        => device.type == DeviceType.CUDA ? CudaKernels.Refuses(spec, dtype, device) : null;

    /// <inheritdoc/>
    public AttentionOutput Forward(AttentionInput input)
        => SinkColumn.AddTo(input.Query.device_type == DeviceType.CUDA ? CudaKernels.Forward(input) : EqualHeadSizes.Forward(input, CpuFlash.Forward), input);

    /// <inheritdoc/>
    public AttentionGradients Backward(AttentionBackward backward)
        => SinkColumn.AddTo(backward.Input.Query.device_type == DeviceType.CUDA ? CudaKernels.Backward(backward) : EqualHeadSizes.Backward(backward, CpuFlash.Backward), backward);
}

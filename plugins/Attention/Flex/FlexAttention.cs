using System.Collections.Concurrent;
using Neoteny.Attention;
using Neoteny.Plugins.Flex.Cpu;
using Neoteny.Plugins.Flex.Cuda;
using Neoteny.Runtime.AttentionOperators;
using TorchSharp;
using static TorchSharp.torch;

namespace Neoteny.Plugins.Flex;

/// <summary>Attention with the user's score modifications and masks, compiled for the device at hand.</summary>
/// <remarks>
/// Dong et al., Flex Attention: A programming model for generating optimized attention kernels, 2024. On CUDA a program becomes source that NVRTC compiles into
/// FlashAttention-2 style kernels (Dao, 2023) which skip the blocks that its mask leaves empty; on the CPU it becomes delegates. The same bits every time.
/// </remarks>
/// <param name="options">The run's masks and score modifications.</param>
[Provides("flex_attention", Summary = "Score modifications and masks as C# expressions, compiled to kernels that skip empty blocks; CPU and CUDA.")]
public sealed class FlexAttention(FlexOptions options) : IAttention
{
    private readonly ConcurrentDictionary<LayerKey, LayerProgram> programs = [];
    private FlexProgram program = options.Program();

    /// <inheritdoc/>
    public AttentionFeatures Supports => AttentionFeatures.Causal | AttentionFeatures.Window | AttentionFeatures.Softcap | AttentionFeatures.Sinks
        | AttentionFeatures.GroupedHeads | AttentionFeatures.DistinctValueSize | AttentionFeatures.UnequalLengths | AttentionFeatures.LogSumExp
        | AttentionFeatures.Deterministic | AttentionFeatures.Program;

    /// <summary>Attention with a program written in C#.</summary>
    /// <param name="program">Masks and score modifications.</param>
    public static FlexAttention Of(FlexProgram program) => new(new FlexOptions()) { program = program };

    /// <inheritdoc/>
    public string? Refuses(AttentionSpec spec, ScalarType dtype, Device device)
    {
        if (device.type is not (DeviceType.CPU or DeviceType.CUDA))
        {
            return $"it runs on the CPU and on CUDA, not on {device.type}";
        }

        if (dtype is not (ScalarType.Float32 or ScalarType.BFloat16 or ScalarType.Float16))
        {
            return $"it computes in fp32, bf16 and fp16 only, not {dtype}";
        }

        return device.type == DeviceType.CUDA && Math.Max(spec.HeadSize, spec.ValueSize) is > FlexKernels.LargestHead and var size
            ? $"head size {size} is above {FlexKernels.LargestHead}" : null;
    }

    /// <inheritdoc/>
    public AttentionOutput Forward(AttentionInput input)
        => SinkColumn.AddTo(IsCuda(input) ? FlexKernels.Forward(input, For(input)) : CpuFlex.Forward(input, For(input)), input);

    /// <inheritdoc/>
    public AttentionGradients Backward(AttentionBackward backward)
        => SinkColumn.AddTo(IsCuda(backward.Input) ? FlexKernels.Backward(backward, For(backward.Input)) : CpuFlex.Backward(backward, For(backward.Input)), backward);

    private static bool IsCuda(AttentionInput input) => input.Query.device_type == DeviceType.CUDA;

    private LayerProgram For(AttentionInput input) => programs.GetOrAdd(LayerKey.Of(input.Spec), key => LayerProgram.Of(program, key));
}

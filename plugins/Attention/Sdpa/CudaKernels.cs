using Neoteny.Attention;
using Neoteny.Runtime.AttentionOperators;
using Neoteny.Runtime.Native;
using static TorchSharp.torch;

namespace Neoteny.Plugins.Sdpa;

/// <summary>libtorch's fused kernels on CUDA, each where it is best.</summary>
/// <remarks>
/// On Hopper cuDNN's dense kernel for long documents, twice as fast there as FlashAttention-2; FlashAttention-2 with cumulative lengths for
/// short ones and on other devices; the memory-efficient kernel where that cannot run (fp32, values of another size, older devices). Every
/// kernel returns the natural log-sum-exp, so backward may choose anew.
/// </remarks>
internal static class CudaKernels
{
    private const int Ampere = 8;
    private const int Hopper = 9;
    private const int LargestDenseHead = 128;

    public static string? Refuses(AttentionSpec spec, ScalarType dtype, Device device)
        => UsesFlash(spec, dtype, device) || EfficientOperator.Refuses(spec, dtype, device) is not { } reason ? null : reason;

    public static AttentionOutput Forward(AttentionInput input)
    {
        if (!UsesFlash(input.Spec, input.Query.dtype, input.Query.device))
        {
            return EfficientOperator.Forward(input);
        }

        if (!UsesDense(input))
        {
            return FlashOperator.Forward(input);
        }

        List<Tensor> outputs = [], sums = [];
        foreach (var segment in RowSegment.Cut(input.Layout, input.Spec))
        {
            var (output, sum) = segment.IsDense ? CudnnDenseOperator.Forward(input, segment.Documents) : Flash(input, segment);
            outputs.Add(output);
            sums.Add(sum);
        }

        return new AttentionOutput { Output = Whole(outputs), LogSumExp = Whole(sums) };
    }

    public static AttentionGradients Backward(AttentionBackward backward)
    {
        var input = backward.Input;
        if (!UsesFlash(input.Spec, input.Query.dtype, input.Query.device))
        {
            return EfficientOperator.Backward(backward);
        }

        if (!UsesDense(input))
        {
            return FlashOperator.Backward(backward);
        }

        List<Tensor> queries = [], keys = [], values = [];
        foreach (var segment in RowSegment.Cut(input.Layout, input.Spec))
        {
            var (query, key, value) = segment.IsDense ? CudnnDenseOperator.Backward(backward, segment.Documents) : Flash(backward, segment);
            queries.Add(query);
            keys.Add(key);
            values.Add(value);
        }

        return new AttentionGradients { Query = Whole(queries), Key = Whole(keys), Value = Whole(values) };
    }

    private static (Tensor Output, Tensor LogSumExp) Flash(AttentionInput input, RowSegment segment)
    {
        var result = FlashOperator.Forward(input, segment.First, segment.Count);
        return (result.Output.narrow(0, segment.Start, segment.Rows), result.LogSumExp!.narrow(0, segment.Start, segment.Rows));
    }

    private static (Tensor Query, Tensor Key, Tensor Value) Flash(AttentionBackward backward, RowSegment segment)
    {
        var result = FlashOperator.Backward(backward, segment.First, segment.Count);
        return (Rows(result.Query), Rows(result.Key), Rows(result.Value));
        Tensor Rows(Tensor gradient) => gradient.narrow(0, segment.Start, segment.Rows);
    }

    private static bool UsesFlash(AttentionSpec spec, ScalarType dtype, Device device)
        => FlashOperator.Refuses(spec, dtype, device) is null && ComputeCapability.Major(device) >= Ampere;

    /// <summary>cuDNN's kernel is causal from the top left, adds up gradients in any order, and was tried on Hopper only.</summary>
    private static bool UsesDense(AttentionInput input)
        => ComputeCapability.Major(input.Query.device) == Hopper && input.Spec.HeadSize <= LargestDenseHead && input.Spec.HidesLater
            && !input.Spec.Demands.HasFlag(AttentionFeatures.Window) && !Determinism.IsOn
            && input.Layout.QueryLengths.SequenceEqual(input.Layout.KeyLengths);

    private static Tensor Whole(List<Tensor> parts) => (parts.Count == 1 ? parts[0] : cat([.. parts])).contiguous();
}

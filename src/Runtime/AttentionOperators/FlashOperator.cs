using Neoteny.Attention;
using Neoteny.Runtime.Native;
using TorchSharp;
using static TorchSharp.torch;

namespace Neoteny.Runtime.AttentionOperators;

/// <summary>libtorch's FlashAttention-2 over a packed row with cumulative lengths: one call for all documents, or for neighbouring ones.</summary>
/// <remarks>
/// Dao, FlashAttention-2, 2023. bf16 and fp16 on CUDA from compute capability 8.0, head sizes that are multiples of 8 up to 256, values of the
/// size of keys, causal aligned bottom right, windows. The same bits every time only in libtorch's deterministic mode.
/// </remarks>
public static class FlashOperator
{
    private static readonly AtenScript Script = new("""
        def forward(q, k, v, cq, ck, mq: int, mk: int, causal: bool, scale: float, left: Optional[int], right: Optional[int]) -> List[Tensor]:
            r = torch._flash_attention_forward(q, k, v, cq, ck, mq, mk, 0.0, causal, False, scale=scale, window_size_left=left, window_size_right=right)
            return [r[0], r[1], r[2], r[3]]

        def backward(g, q, k, v, o, lse, cq, ck, mq: int, mk: int, causal: bool, state, unused, scale: float, left: Optional[int], right: Optional[int]) -> List[Tensor]:
            r = torch._flash_attention_backward(g, q, k, v, o, lse, cq, ck, mq, mk, 0.0, causal, state, unused, scale=scale, window_size_left=left, window_size_right=right)
            return [r[0], r[1], r[2]]
        """);

    /// <summary>Why it cannot run a layer there, as half a sentence; null when it can.</summary>
    public static string? Refuses(AttentionSpec spec, ScalarType dtype, Device device)
        => device.type != DeviceType.CUDA ? "it needs a CUDA device"
        : dtype is not (ScalarType.BFloat16 or ScalarType.Float16) ? $"it computes in bf16 and fp16 only, not {dtype}"
        : spec.HeadSize > 256 ? $"head size {spec.HeadSize} is above 256"
        : spec.HeadSize % 8 != 0 ? $"head size {spec.HeadSize} is no multiple of 8"
        : spec.ValueSize != 0 && spec.ValueSize != spec.HeadSize ? "values have another head size than keys"
        : null;

    /// <summary>Attends within all documents.</summary>
    /// <param name="input">The call; its sinks are left to the caller.</param>
    public static AttentionOutput Forward(AttentionInput input) => Forward(input, 0, input.Layout.QueryLengths.Count);

    /// <summary>Attends within some neighbouring documents. The rows of the others are left unwritten.</summary>
    /// <param name="input">The call; its sinks are left to the caller.</param>
    /// <param name="first">The first document.</param>
    /// <param name="count">How many.</param>
    public static AttentionOutput Forward(AttentionInput input, int first, int count)
    {
        var (spec, part) = (input.Spec, Part.Of(input.Layout, first, count));
        var result = Script.CallMany(
            "forward", input.Query, input.Key, input.Value, part.QueryOffsets, part.KeyOffsets, part.MaxQueries, part.MaxKeys,
            spec.HidesLater, spec.Scale, Left(spec), Right(spec));
        return new AttentionOutput { Output = result[0], LogSumExp = result[1].transpose(0, 1).contiguous(), Saved = [result[2], result[3]] };
    }

    /// <summary>Differentiates within all documents.</summary>
    /// <param name="backward">The call; the gradient of its sinks is left to the caller.</param>
    public static AttentionGradients Backward(AttentionBackward backward) => Backward(backward, 0, backward.Input.Layout.QueryLengths.Count);

    /// <summary>Differentiates within some neighbouring documents. The rows of the others are left unwritten.</summary>
    /// <param name="backward">The call; the gradient of its sinks is left to the caller. Without dropout the random state may be any tensors.</param>
    /// <param name="first">The first document.</param>
    /// <param name="count">How many.</param>
    public static AttentionGradients Backward(AttentionBackward backward, int first, int count)
    {
        var (input, spec, part) = (backward.Input, backward.Input.Spec, Part.Of(backward.Input.Layout, first, count));
        var (state, unused) = backward.Saved.Count >= 2 ? (backward.Saved[0], backward.Saved[1]) : (part.QueryOffsets, part.QueryOffsets);
        var gradients = Script.CallMany(
            "backward", backward.OutputGradient.contiguous(), input.Query, input.Key, input.Value, backward.Output.contiguous(),
            backward.LogSumExp!.transpose(0, 1).contiguous(), part.QueryOffsets, part.KeyOffsets, part.MaxQueries, part.MaxKeys,
            spec.HidesLater, state, unused, spec.Scale, Left(spec), Right(spec));
        return new AttentionGradients { Query = gradients[0], Key = gradients[1], Value = gradients[2] };
    }

    private static object? Left(AttentionSpec spec) => spec.Demands.HasFlag(AttentionFeatures.Window) ? spec.Window - 1 : null;

    private static object? Right(AttentionSpec spec) => spec.Demands.HasFlag(AttentionFeatures.Window) ? 0 : null;

    /// <summary>Some neighbouring documents; offsets count from the row's beginning.</summary>
    private readonly record struct Part(Tensor QueryOffsets, Tensor KeyOffsets, int MaxQueries, int MaxKeys)
    {
        public static Part Of(SequenceLayout layout, int first, int count)
        {
            // Told that no document has more than one query, the kernel expects as many rows as documents, which holds only for a whole row.
            var least = count < layout.QueryLengths.Count ? 2 : 1;
            return new Part(
                layout.QueryOffsets.narrow(0, first, count + 1), layout.KeyOffsets.narrow(0, first, count + 1),
                Math.Max(least, layout.QueryLengths.Skip(first).Take(count).Max()), layout.KeyLengths.Skip(first).Take(count).Max());
        }
    }
}

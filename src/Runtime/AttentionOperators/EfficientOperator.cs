using Neoteny.Attention;
using Neoteny.Runtime.Native;
using TorchSharp;
using static TorchSharp.torch;

namespace Neoteny.Runtime.AttentionOperators;

// T tokens, S keys, Hq query heads, Hk key heads, D head size, N documents, L rows of a document in the padded log-sum-exp

/// <summary>libtorch's memory-efficient attention (CUTLASS kernels of xFormers) over a packed row with cumulative lengths.</summary>
/// <remarks>
/// Rabe and Staats, Self-attention does not need O(n^2) memory, 2021; Lefaudeux et al., xFormers, 2022. fp32, fp16 and bf16 (from compute
/// capability 8.0) on every CUDA device from 5.0, values of another head size than keys, windows. Grouped key heads are repeated in memory first.
/// </remarks>
public static class EfficientOperator
{
    private static readonly AtenScript Script = new("""
        def forward(q, k, v, cq, ck, mq: int, mk: int, mask: int, scale: float, window: Optional[int]) -> List[Tensor]:
            r = torch._efficient_attention_forward(q, k, v, None, cq, ck, mq, mk, 0.0, mask, True, scale=scale, window_size=window)
            return [r[0], r[1], r[2], r[3]]

        def backward(g, q, k, v, o, cq, ck, mq: int, mk: int, lse, seed, offset, mask: int, scale: float, splits: Optional[int], window: Optional[int]) -> List[Tensor]:
            r = torch._efficient_attention_backward(g, q, k, v, None, o, cq, ck, mq, mk, lse, 0.0, seed, offset, mask, False, scale=scale, num_splits_key=splits, window_size=window)
            return [r[0], r[1], r[2]]
        """);

    /// <summary>Why it cannot run a layer there, as half a sentence; null when it can.</summary>
    public static string? Refuses(AttentionSpec spec, ScalarType dtype, Device device)
    {
        var multiple = dtype == ScalarType.Float32 ? 4 : 8;
        return device.type != DeviceType.CUDA ? "it needs a CUDA device"
            : dtype is not (ScalarType.Float32 or ScalarType.BFloat16 or ScalarType.Float16) ? $"it computes in fp32, bf16 and fp16 only, not {dtype}"
            : spec.HeadSize % multiple != 0 ? $"head size {spec.HeadSize} is no multiple of {multiple}"
            : spec.ValueSize % multiple != 0 ? $"value size {spec.ValueSize} is no multiple of {multiple}"
            : null;
    }

    /// <summary>Attends.</summary>
    /// <param name="input">The call; its sinks are left to the caller.</param>
    public static AttentionOutput Forward(AttentionInput input)
    {
        var (layout, spec) = (input.Layout, input.Spec);
        var result = Script.CallMany(
            "forward", input.Query.unsqueeze(0), Repeated(input.Key, spec), Repeated(input.Value, spec), layout.QueryOffsets, layout.KeyOffsets,
            layout.MaxQueryLength, layout.MaxKeyLength, Mask(spec), spec.Scale, Window(spec));
        var lse_NLH = result[1].transpose(1, 2);
        return new AttentionOutput
        {
            Output = result[0].squeeze(0),
            LogSumExp = lse_NLH.reshape(-1, spec.QueryHeads).index_select(0, Rows(layout, lse_NLH.size(1))),
            Saved = [result[2], result[3]],
        };
    }

    /// <summary>Differentiates.</summary>
    /// <param name="backward">The call; the gradient of its sinks is left to the caller.</param>
    public static AttentionGradients Backward(AttentionBackward backward)
        => backward.Input.Spec.Demands.HasFlag(AttentionFeatures.Window) && !backward.Input.Layout.QueryLengths.SequenceEqual(backward.Input.Layout.KeyLengths)
            ? BackwardAligned(backward) : BackwardPlain(backward);

    private static AttentionGradients BackwardPlain(AttentionBackward backward)
    {
        var (input, layout, spec) = (backward.Input, backward.Input.Layout, backward.Input.Spec);
        var gradients = Script.CallMany(
            "backward", backward.OutputGradient.contiguous().unsqueeze(0), input.Query.unsqueeze(0), Repeated(input.Key, spec), Repeated(input.Value, spec),
            backward.Output.contiguous().unsqueeze(0), layout.QueryOffsets, layout.KeyOffsets, layout.MaxQueryLength, layout.MaxKeyLength,
            Padded(backward.LogSumExp!, layout), backward.Saved[0], backward.Saved[1], Mask(spec), spec.Scale,
            Determinism.IsOn ? 1 : null, Window(spec));
        return new AttentionGradients
        {
            Query = gradients[0].squeeze(0),
            Key = Summed(gradients[1].squeeze(0), spec),
            Value = Summed(gradients[2].squeeze(0), spec),
        };
    }

    /// <summary>
    /// Differentiates windows where documents have more keys than queries. The kernel's backward counts windows from the top left, so each
    /// document gets as many queries as keys; those added in front have no output gradient and no probability.
    /// </summary>
    private static AttentionGradients BackwardAligned(AttentionBackward backward)
    {
        var input = backward.Input;
        var layout = input.Layout.Derived(typeof(EfficientOperator), static l => SequenceLayout.Of(l.KeyLengths, l.KeyOffsets.device));
        var rows = KeyRows(input.Layout);
        Tensor Spread(Tensor x, double value)
            => full([layout.Tokens, .. x.shape[1..]], Scalars.Of(value), dtype: x.dtype, device: x.device).index_copy_(0, rows, x);
        var gradients = BackwardPlain(new AttentionBackward
        {
            Input = new AttentionInput { Query = Spread(input.Query, 0), Key = input.Key, Value = input.Value, Layout = layout, Spec = input.Spec, NeedsBackward = true },
            Output = Spread(backward.Output, 0),
            LogSumExp = Spread(backward.LogSumExp!, double.PositiveInfinity),
            OutputGradient = Spread(backward.OutputGradient, 0),
            Saved = backward.Saved,
        });
        return new AttentionGradients { Query = gradients.Query.index_select(0, rows), Key = gradients.Key, Value = gradients.Value };
    }

    /// <summary>The key row of each query's own token, int64 <c>[T]</c>.</summary>
    private static Tensor KeyRows(SequenceLayout layout)
    {
        var (tokens, queries) = (Tokens(layout), layout.QueryOffsets.to(ScalarType.Int64));
        var next = Documents(tokens, queries).add(Scalars.Of(1L), Scalars.Of(1L));
        return tokens.sub(queries.index_select(0, next)).add(layout.KeyOffsets.to(ScalarType.Int64).index_select(0, next), Scalars.Of(1L));
    }

    private static int Mask(AttentionSpec spec) => spec.HidesLater ? 2 : 0;

    private static object? Window(AttentionSpec spec) => spec.Demands.HasFlag(AttentionFeatures.Window) ? spec.Window : null;

    /// <summary>Keys or values <c>[1, S, Hq, D]</c>, each head as often as query heads share it.</summary>
    private static Tensor Repeated(Tensor x_SHD, AttentionSpec spec)
    {
        var groups = spec.QueryHeads / spec.KeyHeads;
        return (groups == 1 ? x_SHD : x_SHD.unsqueeze(2).expand(-1, -1, groups, -1).reshape(x_SHD.size(0), spec.QueryHeads, x_SHD.size(2))).unsqueeze(0);
    }

    private static Tensor Summed(Tensor x_SHD, AttentionSpec spec)
    {
        var groups = spec.QueryHeads / spec.KeyHeads;
        return groups == 1 ? x_SHD : x_SHD.reshape(x_SHD.size(0), spec.KeyHeads, groups, x_SHD.size(2)).sum(2L);
    }

    /// <summary>The log-sum-exp as the kernel wants it, <c>[N, Hq, L]</c> with L a multiple of 32; infinite where a document ends earlier.</summary>
    private static Tensor Padded(Tensor lse_TH, SequenceLayout layout)
    {
        var rows = (layout.MaxQueryLength + 31) / 32 * 32;
        var padded = full(layout.QueryLengths.Count * (long)rows, lse_TH.size(1), Scalars.Of(double.PositiveInfinity), dtype: ScalarType.Float32, device: lse_TH.device);
        return padded.index_copy_(0, Rows(layout, rows), lse_TH).view(-1, rows, lse_TH.size(1)).transpose(1, 2).contiguous();
    }

    /// <summary>Where each token of the packed row lies in documents padded to L rows, int64 <c>[T]</c>.</summary>
    private static Tensor Rows(SequenceLayout layout, long padded)
    {
        var (tokens, offsets) = (Tokens(layout), layout.QueryOffsets.to(ScalarType.Int64));
        var document = Documents(tokens, offsets);
        return tokens.sub(offsets.index_select(0, document)).add(document, Scalars.Of(padded));
    }

    private static Tensor Tokens(SequenceLayout layout) => arange(Scalars.Of((long)layout.Tokens), dtype: ScalarType.Int64, device: layout.QueryOffsets.device);

    private static Tensor Documents(Tensor tokens, Tensor offsets) => bucketize(tokens, offsets.narrow(0, 1, offsets.size(0) - 1), right: true);
}

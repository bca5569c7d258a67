using Neoteny.Attention;
using Neoteny.Runtime;
using Neoteny.Runtime.Native;
using static TorchSharp.torch;

namespace Neoteny.Plugins.Sdpa;

// n documents of one length, L tokens of each, H heads, D head size

/// <summary>libtorch's blocked CPU kernel, one run of equally long documents at a time.</summary>
internal static class CpuFlash
{
    private static readonly AtenScript Script = new("""
        def forward(q, k, v, mask: Optional[Tensor], causal: bool, scale: float) -> List[Tensor]:
            r = torch._scaled_dot_product_flash_attention_for_cpu(q, k, v, 0.0, causal, attn_mask=mask, scale=scale)
            return [r[0], r[1]]

        def backward(g, q, k, v, o, lse, mask: Optional[Tensor], causal: bool, scale: float) -> List[Tensor]:
            r = torch._scaled_dot_product_flash_attention_for_cpu_backward(g, q, k, v, o, lse, 0.0, causal, attn_mask=mask, scale=scale)
            return [r[0], r[1], r[2]]
        """);

    public static AttentionOutput Forward(AttentionInput input)
    {
        List<Tensor> outputs = [], sums = [];
        foreach (var run in DocumentRun.Of(input.Layout))
        {
            var (q, k, v) = Heads(input, run);
            var (mask, causal) = Mask(input, run);
            var result = Script.CallMany("forward", q, k, v, mask, causal, input.Spec.Scale);
            outputs.Add(Rows(result[0]));
            sums.Add(result[1].transpose(1, 2).reshape(run.QueryRows, -1));
        }

        return new AttentionOutput { Output = Whole(outputs), LogSumExp = Whole(sums) };
    }

    public static AttentionGradients Backward(AttentionBackward backward)
    {
        var input = backward.Input;
        List<Tensor> queries = [], keys = [], values = [];
        foreach (var run in DocumentRun.Of(input.Layout))
        {
            var (q, k, v) = Heads(input, run);
            var (mask, causal) = Mask(input, run);
            var lse = backward.LogSumExp!.narrow(0, run.QueryStart, run.QueryRows).reshape(run.Count, run.Queries, -1).transpose(1, 2).contiguous();
            var gradients = Script.CallMany(
                "backward", Batched(backward.OutputGradient, run.QueryStart, run.Count, run.Queries), q, k, v,
                Batched(backward.Output, run.QueryStart, run.Count, run.Queries), lse, mask, causal, input.Spec.Scale);
            queries.Add(Rows(gradients[0]));
            keys.Add(Ungrouped(gradients[1], input.Spec));
            values.Add(Ungrouped(gradients[2], input.Spec));
        }

        return new AttentionGradients { Query = Whole(queries), Key = Whole(keys), Value = Whole(values) };
    }

    /// <summary>The kernel's own causal mode where queries and keys are equally many; a mask where they are not, or with a window.</summary>
    private static (Tensor? Mask, bool Causal) Mask(AttentionInput input, DocumentRun run)
    {
        var windowed = input.Spec.Demands.HasFlag(AttentionFeatures.Window) && input.Spec.Window < run.Keys;
        if (!windowed && run.Queries == run.Keys)
        {
            return (null, input.Spec.HidesLater);
        }

        var hidden = AttentionMask.Hidden(input.Spec, run.Queries, run.Keys, input.Query.device);
        return (hidden is null ? null : zeros(hidden.shape, dtype: input.Query.dtype).masked_fill_(hidden, Scalars.NegativeInfinity), false);
    }

    private static (Tensor Query, Tensor Key, Tensor Value) Heads(AttentionInput input, DocumentRun run)
    {
        var groups = input.Spec.QueryHeads / input.Spec.KeyHeads;
        return (Batched(input.Query, run.QueryStart, run.Count, run.Queries),
            Repeated(Batched(input.Key, run.KeyStart, run.Count, run.Keys), groups),
            Repeated(Batched(input.Value, run.KeyStart, run.Count, run.Keys), groups));
    }

    /// <summary>Rows of a run as a view <c>[n, heads, L, D]</c>.</summary>
    private static Tensor Batched(Tensor x, int start, int count, int length)
        => x.narrow(0, start, (long)count * length).view(count, length, x.size(1), x.size(2)).transpose(1, 2);

    private static Tensor Repeated(Tensor x, int groups)
        => groups == 1 ? x : x.unsqueeze(2).expand(-1, -1, groups, -1, -1).reshape(x.size(0), x.size(1) * groups, x.size(2), x.size(3));

    private static Tensor Rows(Tensor x_nHLD) => x_nHLD.transpose(1, 2).reshape(-1, x_nHLD.size(1), x_nHLD.size(3));

    private static Tensor Ungrouped(Tensor x_nHLD, AttentionSpec spec)
    {
        var groups = spec.QueryHeads / spec.KeyHeads;
        return Rows(groups == 1 ? x_nHLD : x_nHLD.reshape(x_nHLD.size(0), spec.KeyHeads, groups, x_nHLD.size(2), x_nHLD.size(3)).sum(2));
    }

    private static Tensor Whole(List<Tensor> parts) => (parts.Count == 1 ? parts[0] : cat([.. parts])).contiguous();
}

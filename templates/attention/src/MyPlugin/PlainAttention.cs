using Neoteny.Attention;
using Neoteny.Plugins;
using Neoteny.Runtime;
using static TorchSharp.torch;

namespace PluginNamespace;

// Of one document: Q queries, K keys. Hq query heads, Hk key heads, D head size.

/// <summary>Attention written out: scores, mask, softmax, sum, one document after the other, in fp32.</summary>
[Provides("my_plugin", Summary = "Attention written out.")]
public sealed class PlainAttention : IAttention
{
    /// <inheritdoc/>
    public AttentionFeatures Supports => AttentionFeatures.Causal | AttentionFeatures.GroupedHeads | AttentionFeatures.DistinctValueSize
        | AttentionFeatures.UnequalLengths | AttentionFeatures.LogSumExp | AttentionFeatures.Deterministic;

    /// <inheritdoc/>
    public AttentionOutput Forward(AttentionInput input)
    {
        List<Tensor> outputs = [], sums = [];
        foreach (var document in DocumentRows.Of(input.Layout))
        {
            var scores_HQK = Scores(input, document);
            var lse_HQ1 = scores_HQK.logsumexp(-1, keepdim: true);
            outputs.Add(scores_HQK.sub_(lse_HQ1).exp_().bmm(document.Keys(input.Value, input.Spec)).transpose(0, 1));
            sums.Add(lse_HQ1.squeeze(-1).t());
        }

        return new AttentionOutput { Output = cat(outputs).to(input.Query.dtype).contiguous(), LogSumExp = cat(sums).contiguous() };
    }

    /// <inheritdoc/>
    public AttentionGradients Backward(AttentionBackward backward)
    {
        var input = backward.Input;
        List<Tensor> queries = [], keys = [], values = [];
        foreach (var document in DocumentRows.Of(input.Layout))
        {
            // With P = exp(S - lse): dV = P' dO, dP = dO V', dS = P * (dP - rowsum(dO * O)) (Dao et al. 2022, appendix B).
            var dO_HQD = document.Queries(backward.OutputGradient);
            var p_HQK = Scores(input, document).sub_(document.Queries(backward.LogSumExp!.unsqueeze(-1))).exp_();
            var sum_HQ1 = dO_HQD.mul(document.Queries(backward.Output)).sum([-1L], keepdim: true);
            var dS_HQK = dO_HQD.bmm(document.Keys(input.Value, input.Spec).transpose(1, 2)).sub_(sum_HQ1).mul_(p_HQK).mul_(Scalars.Of(input.Spec.Scale));
            queries.Add(dS_HQK.bmm(document.Keys(input.Key, input.Spec)).transpose(0, 1));
            keys.Add(PerKeyHead(dS_HQK.transpose(1, 2).bmm(document.Queries(input.Query)), input.Spec));
            values.Add(PerKeyHead(p_HQK.transpose(1, 2).bmm(dO_HQD), input.Spec));
        }

        return new AttentionGradients
        {
            Query = cat(queries).to(input.Query.dtype).contiguous(),
            Key = cat(keys).to(input.Key.dtype).contiguous(),
            Value = cat(values).to(input.Value.dtype).contiguous(),
        };
    }

    /// <summary>Scaled scores <c>[Hq, Q, K]</c>; minus infinity for keys after the query, the last query seeing the last key.</summary>
    private static Tensor Scores(AttentionInput input, DocumentRows document)
    {
        var scores_HQK = document.Queries(input.Query).bmm(document.Keys(input.Key, input.Spec).transpose(1, 2)).mul_(Scalars.Of(input.Spec.Scale));
        if (!input.Spec.Demands.HasFlag(AttentionFeatures.Causal))
        {
            return scores_HQK;
        }

        var all_QK = ones(document.QueryCount, document.KeyCount, dtype: ScalarType.Bool, device: scores_HQK.device);
        return scores_HQK.masked_fill_(all_QK.triu(1 + document.KeyCount - document.QueryCount), Scalars.NegativeInfinity);
    }

    /// <summary>Sums over the query heads that share a key head: <c>[Hq, K, D]</c> to <c>[K, Hk, D]</c>.</summary>
    private static Tensor PerKeyHead(Tensor x_HKD, AttentionSpec spec)
        => x_HKD.reshape(spec.KeyHeads, spec.QueryHeads / spec.KeyHeads, x_HKD.size(1), x_HKD.size(2)).sum([1L]).transpose(0, 1);
}

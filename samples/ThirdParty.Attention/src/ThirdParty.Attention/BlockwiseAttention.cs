using Neoteny.Attention;
using Neoteny.Plugins;
using Neoteny.Runtime;
using static TorchSharp.torch;

namespace ThirdParty.Attention;

// Of one document: Q queries, C keys of one block. Hq query heads, D head size, V value size.

/// <summary>Softmax attention with a running maximum and sum (Milakov and Gimelshein 2018): the scores of one block of keys exist at a time.</summary>
/// <param name="options">How large a block is.</param>
[Provides("blockwise", Summary = "Attention over one block of keys at a time.")]
public sealed class BlockwiseAttention(BlockwiseOptions options) : IAttention
{
    /// <summary>Below every score that fp32 can hold after scaling, and finite: minus infinity minus itself would be no number.</summary>
    private const double Lowest = -1e30;

    /// <inheritdoc/>
    public AttentionFeatures Supports => AttentionFeatures.Causal | AttentionFeatures.Window | AttentionFeatures.GroupedHeads | AttentionFeatures.DistinctValueSize
        | AttentionFeatures.UnequalLengths | AttentionFeatures.LogSumExp | AttentionFeatures.Deterministic;

    /// <inheritdoc/>
    public AttentionOutput Forward(AttentionInput input)
    {
        List<Tensor> outputs = [], sums = [];
        foreach (var document in Document.Of(input.Layout))
        {
            var q_HQD = document.QueryRows(input.Query);
            var highest_HQ1 = full([q_HQD.size(0), q_HQD.size(1), 1], Scalars.Of(Lowest), device: q_HQD.device);
            var (sum_HQ1, output_HQV) = (zeros_like(highest_HQ1), zeros(q_HQD.size(0), q_HQD.size(1), input.Value.size(2), device: q_HQD.device));
            foreach (var block in document.Blocks(options.BlockKeys))
            {
                var scores_HQC = block.Scores(q_HQD, input);
                var higher_HQ1 = scores_HQC.amax([-1L], keepdim: true).maximum(highest_HQ1);
                var p_HQC = scores_HQC.sub_(higher_HQ1).exp_();
                var earlier_HQ1 = highest_HQ1.sub_(higher_HQ1).exp_();
                sum_HQ1 = sum_HQ1.mul_(earlier_HQ1).add_(p_HQC.sum([-1L], keepdim: true), Scalars.One);
                output_HQV = output_HQV.mul_(earlier_HQ1).add_(p_HQC.bmm(block.Rows(input.Value, input.Spec)), Scalars.One);
                highest_HQ1 = higher_HQ1;
            }

            outputs.Add(output_HQV.div_(sum_HQ1).transpose(0, 1));
            sums.Add(sum_HQ1.log_().add_(highest_HQ1, Scalars.One).squeeze(-1).t());
        }

        return new AttentionOutput { Output = cat(outputs).to(input.Query.dtype).contiguous(), LogSumExp = cat(sums).contiguous() };
    }

    /// <inheritdoc/>
    public AttentionGradients Backward(AttentionBackward backward)
    {
        var input = backward.Input;
        List<Tensor> queries = [], keys = [], values = [];
        foreach (var document in Document.Of(input.Layout))
        {
            // With P = exp(S - lse): dV = P' dO, dP = dO V', dS = P * (dP - rowsum(dO * O)) (Dao et al. 2022, appendix B).
            var (q_HQD, dO_HQV) = (document.QueryRows(input.Query), document.QueryRows(backward.OutputGradient));
            var lse_HQ1 = document.QueryRows(backward.LogSumExp!.unsqueeze(-1));
            var own_HQ1 = dO_HQV.mul(document.QueryRows(backward.Output)).sum([-1L], keepdim: true);
            var dQ_HQD = zeros_like(q_HQD);
            foreach (var block in document.Blocks(options.BlockKeys))
            {
                var p_HQC = block.Scores(q_HQD, input).sub_(lse_HQ1).exp_();
                values.Add(KeyBlock.PerKeyHead(p_HQC.transpose(1, 2).bmm(dO_HQV), input.Spec));
                var dS_HQC = dO_HQV.bmm(block.Rows(input.Value, input.Spec).transpose(1, 2)).sub_(own_HQ1).mul_(p_HQC).mul_(Scalars.Of(input.Spec.Scale));
                keys.Add(KeyBlock.PerKeyHead(dS_HQC.transpose(1, 2).bmm(q_HQD), input.Spec));
                dQ_HQD.add_(dS_HQC.bmm(block.Rows(input.Key, input.Spec)), Scalars.One);
            }

            queries.Add(dQ_HQD.transpose(0, 1));
        }

        return new AttentionGradients
        {
            Query = cat(queries).to(input.Query.dtype).contiguous(),
            Key = cat(keys).to(input.Key.dtype).contiguous(),
            Value = cat(values).to(input.Value.dtype).contiguous(),
        };
    }
}

using Neoteny.Attention;
using Neoteny.Runtime;
using static TorchSharp.torch;

namespace Neoteny.Plugins.Sdpa;

// n documents of one length, Q queries, K keys, G query heads a key head, Hk key heads, D head size, Dv value size

/// <summary>The plain reference: scores, mask, softmax, sum, in fp32, one run of equal documents at a time.</summary>
[Provides("eager", Summary = "The plain reference: every semantic, no fused kernel.")]
public sealed class EagerAttention : IAttention
{
    // Scores of one run in fp32 take 256 MB; a longer document takes what its own scores need.
    private const long MostScores = 1L << 26;

    /// <inheritdoc/>
    public AttentionFeatures Supports => AttentionFeatures.Causal | AttentionFeatures.Window | AttentionFeatures.Softcap | AttentionFeatures.Sinks
        | AttentionFeatures.GroupedHeads | AttentionFeatures.DistinctValueSize | AttentionFeatures.UnequalLengths | AttentionFeatures.LogSumExp
        | AttentionFeatures.Deterministic;

    /// <inheritdoc/>
    public AttentionOutput Forward(AttentionInput input)
    {
        var outputs = new List<Tensor>();
        var sums = new List<Tensor>();
        foreach (var run in DocumentRun.Of(input.Layout, MostScores / input.Spec.QueryHeads))
        {
            var (q, k, v) = Split(input, run);
            var scores = Scores(input, run, q, k);
            var lse = LogSumExp(input, run, scores);
            outputs.Add(Join(scores.sub_(lse).exp_().bmm(v), run));
            sums.Add(Join(lse, run).squeeze(-1));
        }

        return new AttentionOutput { Output = Whole(outputs, input.Query.dtype), LogSumExp = Whole(sums, ScalarType.Float32) };
    }

    /// <inheritdoc/>
    public AttentionGradients Backward(AttentionBackward backward)
    {
        var input = backward.Input;
        List<Tensor> queries = [], keys = [], values = [];
        Tensor? sinks = null;
        foreach (var run in DocumentRun.Of(input.Layout, MostScores / input.Spec.QueryHeads))
        {
            var (q, k, v) = Split(input, run);
            var dO = Queries(backward.OutputGradient, run, input.Spec);
            var delta = dO.mul(Queries(backward.Output, run, input.Spec)).sum(-1, keepdim: true);
            var lse = Queries(backward.LogSumExp!.unsqueeze(-1), run, input.Spec);
            var scores = Scores(input, run, q, k);
            var p = scores.sub(lse).exp_();
            var dS = dO.bmm(v.transpose(1, 2)).sub_(delta).mul_(p);
            if (input.Spec.Demands.HasFlag(AttentionFeatures.Softcap))
            {
                // The derivative of cap * tanh(s / cap), from its value; masked scores are infinite but have no weight.
                var t = scores.masked_fill_(p.eq(Scalars.Zero), Scalars.Zero).div_(Scalars.Of(input.Spec.Softcap));
                dS.mul_(t.mul_(t).neg_().add_(Scalars.One, Scalars.One));
            }

            dS.mul_(Scalars.Of(input.Spec.Scale));
            queries.Add(Join(dS.bmm(k), run));
            keys.Add(JoinKeys(dS.transpose(1, 2).bmm(q), run));
            values.Add(JoinKeys(p.transpose(1, 2).bmm(dO), run));
            if (input.Sinks is { } logits)
            {
                var share = SinkColumn(logits, run, lse).sub(lse).exp_().mul_(delta).neg_();
                var sum = Join(share, run).sum([0L]).reshape(-1);
                sinks = sinks is null ? sum : sinks.add_(sum, Scalars.One);
            }
        }

        return new AttentionGradients
        {
            Query = Whole(queries, input.Query.dtype),
            Key = Whole(keys, input.Key.dtype),
            Value = Whole(values, input.Value.dtype),
            Sinks = sinks?.to(input.Sinks!.dtype),
        };
    }

    private static Tensor Whole(List<Tensor> parts, ScalarType dtype) => (parts.Count == 1 ? parts[0] : cat([.. parts])).to(dtype).contiguous();

    private static (Tensor Query, Tensor Key, Tensor Value) Split(AttentionInput input, DocumentRun run)
        => (Queries(input.Query, run, input.Spec), Keys(input.Key, run), Keys(input.Value, run));

    /// <summary>Query rows as fp32 <c>[n * Hk, G * Q, D]</c>, so that one product serves all query heads of a key head.</summary>
    private static Tensor Queries(Tensor x, DocumentRun run, AttentionSpec spec)
    {
        var groups = spec.QueryHeads / spec.KeyHeads;
        return x.narrow(0, run.QueryStart, run.QueryRows).to(ScalarType.Float32).reshape(run.Count, run.Queries, spec.KeyHeads, groups, x.size(-1))
            .permute(0, 2, 3, 1, 4).reshape(run.Count * spec.KeyHeads, groups * run.Queries, x.size(-1));
    }

    /// <summary>Key or value rows as fp32 <c>[n * Hk, K, D]</c>.</summary>
    private static Tensor Keys(Tensor x, DocumentRun run)
        => x.narrow(0, run.KeyStart, run.KeyRows).to(ScalarType.Float32).reshape(run.Count, run.Keys, x.size(1), x.size(2))
            .transpose(1, 2).reshape(run.Count * x.size(1), run.Keys, x.size(2));

    /// <summary>The inverse of <see cref="Queries"/>: <c>[n * Q, Hq, D]</c>.</summary>
    private static Tensor Join(Tensor x, DocumentRun run)
    {
        var (heads, groups) = (x.size(0) / run.Count, x.size(1) / run.Queries);
        return x.reshape(run.Count, heads, groups, run.Queries, x.size(2)).permute(0, 3, 1, 2, 4).reshape(run.QueryRows, heads * groups, x.size(2));
    }

    private static Tensor JoinKeys(Tensor x, DocumentRun run)
        => x.reshape(run.Count, x.size(0) / run.Count, run.Keys, x.size(2)).transpose(1, 2).reshape(run.KeyRows, x.size(0) / run.Count, x.size(2));

    /// <summary>Scaled, capped and masked scores <c>[n * Hk, G * Q, K]</c>.</summary>
    private static Tensor Scores(AttentionInput input, DocumentRun run, Tensor q, Tensor k)
    {
        var spec = input.Spec;
        var scores = q.bmm(k.transpose(1, 2)).mul_(Scalars.Of(spec.Scale));
        if (spec.Demands.HasFlag(AttentionFeatures.Softcap))
        {
            var cap = Scalars.Of(spec.Softcap);
            scores.div_(cap).tanh_().mul_(cap);
        }

        if (AttentionMask.Hidden(spec, run.Queries, run.Keys, q.device) is { } hidden)
        {
            scores.view(-1, run.Queries, run.Keys).masked_fill_(hidden, Scalars.NegativeInfinity);
        }

        return scores;
    }

    private static Tensor LogSumExp(AttentionInput input, DocumentRun run, Tensor scores)
    {
        var lse = scores.logsumexp(-1, keepdim: true);
        return input.Sinks is { } sinks ? lse.logaddexp(SinkColumn(sinks, run, lse)) : lse;
    }

    /// <summary>The sink logits laid out like one column of scores, <c>[n * Hk, G * Q, 1]</c>.</summary>
    private static Tensor SinkColumn(Tensor sinks, DocumentRun run, Tensor like)
    {
        var heads = like.size(0) / run.Count;
        var groups = like.size(1) / run.Queries;
        return sinks.to(ScalarType.Float32).reshape(1, heads, groups, 1).expand(run.Count, heads, groups, run.Queries).reshape(like.shape);
    }
}

using Neoteny.Attention;
using Neoteny.Runtime;
using static TorchSharp.torch;

namespace Neoteny.Conformance;

/// <summary>Attention in fp64 on the CPU, one document at a time with a mask written out key by key, differentiated by libtorch.</summary>
internal static class AttentionReference
{
    /// <summary>Output, log-sum-exp and gradients, fp64 on the CPU.</summary>
    public sealed record Result(Tensor Output, Tensor LogSumExp, Tensor Query, Tensor Key, Tensor Value, Tensor? Sinks);

    public static Result Run(AttentionInput input, Tensor outputGradient)
    {
        using var guard = enable_grad();
        var (q, k, v, sinks) = (Leaf(input.Query), Leaf(input.Key), Leaf(input.Value), input.Sinks is { } s ? Leaf(s) : null);
        List<Tensor> outputs = [], sums = [];
        var (query, key) = (0, 0);
        for (var i = 0; i < input.Layout.QueryLengths.Count; i++)
        {
            var (queries, keys) = (input.Layout.QueryLengths[i], input.Layout.KeyLengths[i]);
            var (output, lse) = Document(q.narrow(0, query, queries), k.narrow(0, key, keys), v.narrow(0, key, keys), sinks, input.Spec);
            outputs.Add(output);
            sums.Add(lse);
            (query, key) = (query + queries, key + keys);
        }

        var whole = cat([.. outputs]);
        whole.backward([Comparison.Wide(outputGradient)]);
        return new Result(whole.detach(), cat([.. sums]).detach(), q.grad!, k.grad!, v.grad!, sinks?.grad);
    }

    private static (Tensor Output, Tensor LogSumExp) Document(Tensor q_QHD, Tensor k_KHD, Tensor v_KHD, Tensor? sinks, AttentionSpec spec)
    {
        var heads = tensor(Enumerable.Range(0, spec.QueryHeads).Select(h => (long)(h / (spec.QueryHeads / spec.KeyHeads))).ToArray());
        var (q, k, v) = (q_QHD.transpose(0, 1), k_KHD.index_select(1, heads).transpose(0, 1), v_KHD.index_select(1, heads).transpose(0, 1));
        var scores = q.bmm(k.transpose(1, 2)).mul(Scalars.Of(spec.Scale));
        if (spec.Demands.HasFlag(AttentionFeatures.Softcap))
        {
            scores = scores.div(Scalars.Of(spec.Softcap)).tanh().mul(Scalars.Of(spec.Softcap));
        }

        scores = scores.masked_fill(Hidden((int)q.size(1), (int)k.size(1), spec), Scalars.NegativeInfinity);
        var all = sinks is null ? scores : cat([scores, sinks.reshape(-1, 1, 1).expand(spec.QueryHeads, q.size(1), 1)], -1);
        var lse = all.logsumexp(-1, keepdim: true);
        return (scores.sub(lse).exp().bmm(v).transpose(0, 1), lse.squeeze(-1).transpose(0, 1));
    }

    private static Tensor Hidden(int queries, int keys, AttentionSpec spec)
    {
        var windowed = spec.Demands.HasFlag(AttentionFeatures.Window);
        var causal = windowed || spec.Demands.HasFlag(AttentionFeatures.Causal);
        var hidden = new bool[queries * keys];
        for (var i = 0; i < queries; i++)
        {
            for (var j = 0; j < keys; j++)
            {
                var behind = i + keys - queries - j;
                hidden[(i * keys) + j] = (behind < 0 && causal) || (windowed && behind >= spec.Window);
            }
        }

        return tensor(hidden).reshape(queries, keys);
    }

    private static Tensor Leaf(Tensor tensor) => Comparison.Wide(tensor).clone().requires_grad_(true);
}

using Neoteny.Attention;
using Neoteny.Runtime;
using static TorchSharp.torch;

namespace Neoteny.Plugins.Flex.Cpu;

// B queries of a block, K keys that they may see, Hq query heads, Hk key heads, G query heads a key head

/// <summary>The program by delegates: scores of a block of queries at a time in fp32, products by libtorch.</summary>
internal static class CpuFlex
{
    public static AttentionOutput Forward(AttentionInput input, LayerProgram program)
    {
        var output = input.Query.new_empty(input.Query.size(0), input.Query.size(1), input.Value.size(2));
        var sums = empty(input.Query.size(0), input.Query.size(1), dtype: ScalarType.Float32);
        foreach (var block in QueryBlock.Of(input.Layout, program))
        {
            using var scope = NewDisposeScope();
            var (q, k, v) = Operands(input, block);
            var scores = q.bmm(k.transpose(1, 2));
            var lse = empty(input.Query.size(1), block.Queries, dtype: ScalarType.Float32);
            ScoreRows.Softmax(scores, lse, block, program, (float)input.Spec.Scale);
            Rows(output, block).copy_(Join(scores.bmm(v), block));
            Rows(sums, block).copy_(lse.transpose(0, 1));
        }

        return new AttentionOutput { Output = output, LogSumExp = sums };
    }

    public static AttentionGradients Backward(AttentionBackward backward, LayerProgram program)
    {
        var input = backward.Input;
        var query = input.Query.new_empty(input.Query.shape);
        var key = zeros(input.Key.shape, dtype: ScalarType.Float32);
        var value = zeros(input.Value.shape, dtype: ScalarType.Float32);
        foreach (var block in QueryBlock.Of(input.Layout, program))
        {
            using var scope = NewDisposeScope();
            var (q, k, v) = Operands(input, block);
            var dO = Queries(backward.OutputGradient, block, input.Spec);
            var delta = dO.mul(Queries(backward.Output, block, input.Spec)).sum(-1).contiguous();
            var lse = Rows(backward.LogSumExp!, block).transpose(0, 1).contiguous();
            var (scores, dS) = (q.bmm(k.transpose(1, 2)), dO.bmm(v.transpose(1, 2)));
            ScoreRows.Differentiate(scores, dS, lse, delta, block, program, (float)input.Spec.Scale);
            Rows(query, block).copy_(Join(dS.bmm(k), block));
            Keys(key, block).add_(dS.transpose(1, 2).bmm(q).transpose(0, 1), Scalars.One);
            Keys(value, block).add_(scores.transpose(1, 2).bmm(dO).transpose(0, 1), Scalars.One);
        }

        return new AttentionGradients { Query = query, Key = key.to(input.Key.dtype), Value = value.to(input.Value.dtype) };
    }

    private static (Tensor Query, Tensor Key, Tensor Value) Operands(AttentionInput input, QueryBlock block)
        => (Queries(input.Query, block, input.Spec), Wide(Keys(input.Key, block).transpose(0, 1)), Wide(Keys(input.Value, block).transpose(0, 1)));

    private static Tensor Rows(Tensor x, QueryBlock block) => x.narrow(0, block.Row, block.Queries);

    private static Tensor Keys(Tensor x, QueryBlock block) => x.narrow(0, block.KeyRow, block.Keys);

    private static Tensor Wide(Tensor x) => x.to(ScalarType.Float32).contiguous();

    /// <summary>Query rows as fp32 <c>[Hk, G * B, D]</c>, so that one product serves all query heads of a key head.</summary>
    private static Tensor Queries(Tensor x, QueryBlock block, AttentionSpec spec)
        => Wide(Rows(x, block).transpose(0, 1)).reshape(spec.KeyHeads, spec.QueryHeads / spec.KeyHeads * block.Queries, x.size(2));

    /// <summary>The inverse: <c>[B, Hq, D]</c>.</summary>
    private static Tensor Join(Tensor x, QueryBlock block) => x.reshape(-1, block.Queries, x.size(2)).transpose(0, 1);
}

using Neoteny.Attention;
using Neoteny.Runtime;
using Neoteny.Runtime.Native;
using static TorchSharp.torch;

namespace Neoteny.Plugins.Sdpa;

// n documents, L tokens of each, P >= L the length they run at, H heads, D head size

/// <summary>cuDNN's dense kernel as libtorch calls it, on documents of one length, causal.</summary>
/// <remarks>
/// A document that runs at a larger length reads on into its neighbour's rows: under the causal mask what comes later changes nothing, and the
/// rows too many are dropped. In backward their output gradient is zero and their log-sum-exp so large that no probability is left, so they
/// add nothing to the gradients of keys and values.
/// </remarks>
internal static class CudnnDense
{
    private static readonly AtenScript Script = new("""
        def forward(q, k, v, scale: float) -> List[Tensor]:
            r = torch._scaled_dot_product_cudnn_attention(q, k, v, None, True, 0.0, True, False, scale=scale)
            return [r[0], r[1]]

        def backward(g, q, k, v, o, lse, n: int, scale: float) -> List[Tensor]:
            z = torch.zeros([1, 1])
            undefined = torch.native_layer_norm_backward(z, z, [1], z, z, None, None, [False, False, False])[0]
            r = torch._scaled_dot_product_cudnn_attention_backward(g, q, k, v, o, lse, lse, lse, undefined, undefined, undefined, n, n, 0.0, True, scale=scale)
            return [r[0], r[1], r[2]]
        """);

    // Large enough that no score comes near, finite so that nothing becomes NaN.
    private const double Unreachable = 1e30;

    public static (Tensor Output, Tensor LogSumExp) Forward(AttentionInput input, RowSegment segment)
    {
        var result = Script.CallMany("forward", Heads(input.Query, segment), Heads(input.Key, segment), Heads(input.Value, segment), input.Spec.Scale);
        return (Rows(result[0], segment), Rows(result[1].reshape(segment.Count, input.Spec.QueryHeads, segment.Padded, 1), segment).squeeze(-1));
    }

    public static Tensor[] Backward(AttentionBackward backward, RowSegment segment)
    {
        var input = backward.Input;
        var gradients = Script.CallMany(
            "backward", Cleared(backward.OutputGradient, segment, 0), Heads(input.Query, segment), Heads(input.Key, segment), Heads(input.Value, segment),
            Heads(backward.Output, segment), Cleared(backward.LogSumExp!.unsqueeze(-1), segment, Unreachable).contiguous(), segment.Padded, input.Spec.Scale);
        return Array.ConvertAll(gradients, g => Rows(g, segment));
    }

    /// <summary>The segment's rows and as many after each document as it runs longer, <c>[n, H, P, D]</c>: a view, unless the packed row ends earlier.</summary>
    private static Tensor Heads(Tensor x_THD, RowSegment segment)
    {
        var (rows, available) = (segment.Count * (long)segment.Padded, x_THD.size(0) - segment.Start);
        return rows <= available ? Batched(x_THD.narrow(0, segment.Start, rows), segment) : Cleared(x_THD, segment, 0);
    }

    /// <summary>The segment's rows with a value in place of the rows too many, <c>[n, H, P, D]</c>.</summary>
    private static Tensor Cleared(Tensor x_THD, RowSegment segment, double value)
    {
        var rows = x_THD.narrow(0, segment.Start, segment.Rows);
        if (segment.Padded == segment.Length)
        {
            return Batched(rows, segment);
        }

        var padded = x_THD.new_empty(segment.Padded, x_THD.size(1), x_THD.size(2));
        padded.narrow(0, 0, segment.Rows).copy_(rows);
        padded.narrow(0, segment.Rows, segment.Padded - segment.Rows).fill_(Scalars.Of(value));
        return Batched(padded, segment);
    }

    private static Tensor Batched(Tensor x, RowSegment segment) => x.view(segment.Count, segment.Padded, x.size(1), x.size(2)).transpose(1, 2);

    private static Tensor Rows(Tensor x_nHPD, RowSegment segment)
        => x_nHPD.narrow(2, 0, segment.Length).transpose(1, 2).reshape(segment.Rows, x_nHPD.size(1), x_nHPD.size(3));
}

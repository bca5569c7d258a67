using Neoteny.Attention;
using Neoteny.Runtime.Native;
using static TorchSharp.torch;

namespace Neoteny.Runtime.AttentionOperators;

// n documents, L tokens of each, P >= L the length they run at, H heads, D head size

/// <summary>cuDNN's dense kernel as libtorch calls it, on documents of one length, causal. For Hopper, bf16 and fp16, head sizes up to 128.</summary>
/// <remarks>
/// libtorch keeps a plan for each exact shape, and needs 100 ms to make one for forward and backward: lengths should come from a short list.
/// A document that runs at a larger length reads on into its neighbour's rows: under the causal mask what comes later changes nothing, and the
/// rows too many are dropped. In backward their output gradient is zero and their log-sum-exp so large that no probability is left, so they
/// add nothing to the gradients of keys and values.
/// </remarks>
public static class CudnnDenseOperator
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

    /// <summary>Attends within the documents: their rows of the output, and of the log-sum-exp <c>[rows, H]</c>.</summary>
    public static (Tensor Output, Tensor LogSumExp) Forward(AttentionInput input, DenseDocuments documents)
    {
        var result = Script.CallMany("forward", Heads(input.Query, documents), Heads(input.Key, documents), Heads(input.Value, documents), input.Spec.Scale);
        return (Rows(result[0], documents), Rows(result[1].reshape(documents.Count, input.Spec.QueryHeads, documents.Padded, 1), documents).squeeze(-1));
    }

    /// <summary>Differentiates within the documents: their rows of the gradients of queries, keys and values.</summary>
    public static (Tensor Query, Tensor Key, Tensor Value) Backward(AttentionBackward backward, DenseDocuments documents)
    {
        var input = backward.Input;
        var gradients = Script.CallMany(
            "backward", Cleared(backward.OutputGradient, documents, 0), Heads(input.Query, documents), Heads(input.Key, documents), Heads(input.Value, documents),
            Heads(backward.Output, documents), Cleared(backward.LogSumExp!.unsqueeze(-1), documents, Unreachable).contiguous(), documents.Padded, input.Spec.Scale);
        return (Rows(gradients[0], documents), Rows(gradients[1], documents), Rows(gradients[2], documents));
    }

    /// <summary>The documents' rows and as many after each document as it runs longer, <c>[n, H, P, D]</c>: a view, unless the packed row ends earlier.</summary>
    private static Tensor Heads(Tensor x_THD, DenseDocuments documents)
    {
        var (rows, available) = (documents.Count * (long)documents.Padded, x_THD.size(0) - documents.Start);
        return rows <= available ? Batched(x_THD.narrow(0, documents.Start, rows), documents) : Cleared(x_THD, documents, 0);
    }

    /// <summary>The documents' rows with a value in place of the rows too many, <c>[n, H, P, D]</c>.</summary>
    private static Tensor Cleared(Tensor x_THD, DenseDocuments documents, double value)
    {
        var rows = x_THD.narrow(0, documents.Start, documents.Rows);
        if (documents.Padded == documents.Length)
        {
            return Batched(rows, documents);
        }

        var padded = x_THD.new_empty(documents.Padded, x_THD.size(1), x_THD.size(2));
        padded.narrow(0, 0, documents.Rows).copy_(rows);
        padded.narrow(0, documents.Rows, documents.Padded - documents.Rows).fill_(Scalars.Of(value));
        return Batched(padded, documents);
    }

    private static Tensor Batched(Tensor x, DenseDocuments documents) => x.view(documents.Count, documents.Padded, x.size(1), x.size(2)).transpose(1, 2);

    private static Tensor Rows(Tensor x_nHPD, DenseDocuments documents)
        => x_nHPD.narrow(2, 0, documents.Length).transpose(1, 2).reshape(documents.Rows, x_nHPD.size(1), x_nHPD.size(3));
}

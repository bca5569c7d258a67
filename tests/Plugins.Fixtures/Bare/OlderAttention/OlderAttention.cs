using Neoteny.Attention;
using TorchSharp;
using static TorchSharp.torch;

namespace Neoteny.Plugins.OlderAttention;

/// <summary>Attention as somebody wrote it before there were windows, softcaps and sinks: it knows nothing of them.</summary>
[Provides("older_attention")]
public sealed class OlderAttention : IAttention
{
    /// <inheritdoc/>
    public AttentionFeatures Supports => AttentionFeatures.Causal | AttentionFeatures.GroupedHeads;

    /// <inheritdoc/>
    public AttentionOutput Forward(AttentionInput input) => new() { Output = Attend(input, input.Query, input.Key, input.Value) };

    /// <inheritdoc/>
    public AttentionGradients Backward(AttentionBackward backward)
    {
        using var guard = enable_grad();
        var input = backward.Input;
        Tensor[] leaves = [.. new[] { input.Query, input.Key, input.Value }.Select(t => t.detach().requires_grad_(true))];
        autograd.backward([Attend(input, leaves[0], leaves[1], leaves[2])], [backward.OutputGradient]);
        return new AttentionGradients { Query = leaves[0].grad!, Key = leaves[1].grad!, Value = leaves[2].grad! };
    }

    private static Tensor Attend(AttentionInput input, Tensor query, Tensor key, Tensor value)
    {
        var (outputs, start, groups) = (new List<Tensor>(), 0L, input.Spec.QueryHeads / input.Spec.KeyHeads);
        foreach (var length in input.Layout.QueryLengths)
        {
            var (q, k, v) = (Rows(query, 1), Rows(key, groups), Rows(value, groups));
            var scores = q.bmm(k.transpose(1, 2)).mul(tensor(input.Spec.Scale, ScalarType.Float32));
            var later = ones(length, length, dtype: ScalarType.Bool).triu(1);
            outputs.Add(scores.masked_fill(later, double.NegativeInfinity.ToScalar()).softmax(-1).bmm(v).transpose(0, 1));
            start += length;

            Tensor Rows(Tensor x, int repeats) => x.narrow(0, start, length).transpose(0, 1).repeat_interleave(repeats, 0);
        }

        return cat(outputs).contiguous();
    }
}

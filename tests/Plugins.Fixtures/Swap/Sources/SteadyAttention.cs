using Microsoft.Extensions.Logging;
using Neoteny.Attention;
using Neoteny.Runtime;
using static TorchSharp.torch;

namespace Neoteny.Plugins.Steady;

/// <summary>Attention by libtorch's own operators and its autograd, a document at a time.</summary>
[Provides("steady")]
public sealed class SteadyAttention(SteadyOptions options, ILogger<SteadyAttention> log) : IAttention
{
    public AttentionFeatures Supports => AttentionFeatures.Causal | AttentionFeatures.GroupedHeads;

    public AttentionOutput Forward(AttentionInput input)
    {
        log.LogDebug("Level {Level}", options.Level);
        return new AttentionOutput { Output = Compute(input, input.Query, input.Key, input.Value) };
    }

    public AttentionGradients Backward(AttentionBackward backward)
    {
        using var recording = enable_grad();
        var input = backward.Input;
        Tensor[] inputs = [.. new[] { input.Query, input.Key, input.Value }.Select(t => t.detach().requires_grad_())];
        var gradients = autograd.grad([Compute(input, inputs[0], inputs[1], inputs[2])], inputs, [backward.OutputGradient]);
        return new AttentionGradients { Query = gradients[0], Key = gradients[1], Value = gradients[2] };
    }

    private static Tensor Compute(AttentionInput input, Tensor query, Tensor key, Tensor value)
    {
        var (parts, start) = (new List<Tensor>(), 0L);
        var groups = input.Spec.QueryHeads / input.Spec.KeyHeads;
        foreach (var length in input.Layout.QueryLengths)
        {
            Tensor Heads(Tensor x, int times) => x.narrow(0, start, length).transpose(0, 1).repeat_interleave(times, 0);
            parts.Add(Document(Heads(query, 1), Heads(key, groups), Heads(value, groups), input.Spec.Scale).transpose(0, 1));
            start += length;
        }

        return cat([.. parts]).contiguous();
    }

#if COMPOSED
    private static Tensor Document(Tensor q, Tensor k, Tensor v, double scale)
    {
        var later = ones(q.size(1), q.size(1), dtype: ScalarType.Bool).triu(1);
        return q.mul(Scalars.Of(scale)).bmm(k.transpose(1, 2)).masked_fill(later, Scalars.NegativeInfinity).softmax(-1).bmm(v);
    }
#elif WRONG
    private static Tensor Document(Tensor q, Tensor k, Tensor v, double scale) => q.mul(Scalars.Of(scale)).bmm(k.transpose(1, 2)).softmax(-1).bmm(v);
#else
    private static Tensor Document(Tensor q, Tensor k, Tensor v, double scale)
        => nn.functional.scaled_dot_product_attention(q.mul(Scalars.Of(scale * Math.Sqrt(q.size(2)))), k, v, is_casual: true);
#endif
}

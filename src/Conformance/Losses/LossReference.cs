using Neoteny.Losses;
using Neoteny.Parameters;
using Neoteny.Runtime;
using static TorchSharp.torch;

namespace Neoteny.Conformance;

/// <summary>The loss in fp64 on the CPU from its definition, differentiated by libtorch.</summary>
/// <remarks>Cross-entropy with the smoothed target <c>(1 - e) [label] + e / V</c>, plus the squared log-partition times its factor.</remarks>
internal static class LossReference
{
    /// <summary>Loss, loss of each token, gradient of the hidden states, and those of the head's parameters in their order.</summary>
    public sealed record Result(double Loss, Tensor PerToken, Tensor Hidden, IReadOnlyList<Tensor> Head);

    public static Result Run(LossInput input)
    {
        using var guard = enable_grad();
        var head = input.Head;
        var h = Leaf(input.Hidden);
        var w = Leaf(head.Weight);
        var bias = head.Bias is null ? null : Leaf(head.Bias);
        var deltas = head.Deltas.Select(d => (A: Leaf(d.A), B: Leaf(d.B), d.Scale)).ToList();
        var z = h.mm(w.t());
        z = bias is null ? z : z.add(bias, Scalars.One);
        foreach (var (a, b, scale) in deltas)
        {
            z = z.add(h.mm(a.t()).mm(b.t()), Scalars.Of(scale));
        }

        z = head.Softcap == 0 ? z : z.div(Scalars.Of(head.Softcap)).tanh().mul(Scalars.Of(head.Softcap));
        var labels = input.Labels.cpu();
        var kept = labels.ne(Scalars.Of(-100L)).to(ScalarType.Float64);
        var log = z.log_softmax(1);
        var target = log.gather(1, labels.clamp_min(Scalars.Of(0L)).unsqueeze(1)).squeeze(1);
        var partition = z.logsumexp(1);
        var perToken = target.mul(Scalars.Of(input.LabelSmoothing - 1))
            .sub(log.mean([1L]).mul(Scalars.Of(input.LabelSmoothing)))
            .add(partition.mul(partition), Scalars.Of(input.ZLoss))
            .mul(kept);
        var weighted = input.TokenWeights is { } weights ? perToken.mul(Comparison.Wide(weights)) : perToken;
        var total = weighted.sum().mul(Scalars.Of(input.Scale));
        total.backward();
        List<Tensor> gradients = [w.grad!, .. bias is null ? [] : new[] { bias.grad! }, .. deltas.SelectMany(d => new[] { d.A.grad!, d.B.grad! })];
        return new Result(total.item<double>(), perToken.detach(), h.grad!, gradients);
    }

    private static Tensor Leaf(Parameter parameter)
    {
        using var lease = parameter.Rent();
        return Leaf(lease.Tensor);
    }

    private static Tensor Leaf(Tensor tensor) => Comparison.Wide(tensor).clone().requires_grad_(true);
}

#if !ATTENTION_ONLY
using Neoteny.Losses;
using Neoteny.Runtime;
using static TorchSharp.torch;

namespace Neoteny.Plugins.Steady;

/// <summary>Cross-entropy of all logits at once.</summary>
#if !BORROWED
[Provides("steady_loss")]
#endif
public sealed class SteadyLoss : ILoss
{
#if THROWING
    public SteadyLoss() => throw new InvalidOperationException("not today");

#endif
    public LossFeatures Supports => LossFeatures.None;

    public LossResult Compute(LossInput input)
    {
        var rows = input.Labels.ne(Scalars.Of(-100L)).nonzero().squeeze(-1);
        var (h, labels) = (input.Hidden.index_select(0, rows), input.Labels.index_select(0, rows).unsqueeze(1));
        using var weight = input.Head.Weight.Rent();
        var log = h.mm(weight.Tensor.t()).to(ScalarType.Float32).log_softmax(-1);
        var loss = log.gather(1, labels).sum(ScalarType.Float32).mul(Scalars.Of(-input.Scale));
        if (!input.NeedsGradient)
        {
            return new LossResult { Loss = loss };
        }

        var d = log.exp();
        d.scatter_add_(1, labels, ones_like(labels, ScalarType.Float32).neg_());
        d = d.mul_(Scalars.Of(input.Scale)).to(h.dtype);
        if (input.Head.Weight.Trains)
        {
            input.Head.Weight.AddProduct(d, h);
        }

        return new LossResult { Loss = loss, HiddenGradient = zeros_like(input.Hidden).index_copy_(0, rows, d.mm(weight.Tensor)) };
    }
}
#endif

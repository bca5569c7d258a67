using Neoteny.Losses;
using TorchSharp;
using static TorchSharp.torch;

namespace Neoteny.Plugins.OlderLoss;

// T tokens, V vocabulary

/// <summary>Cross-entropy as somebody wrote it before heads had a softcap: it knows nothing of one.</summary>
[Provides("older_loss")]
public sealed class OlderLoss : ILoss
{
    private static readonly Scalar Ignored = (-100L).ToScalar();
    private static readonly Scalar Zero = 0L.ToScalar();

    /// <inheritdoc/>
    public LossFeatures Supports => LossFeatures.None;

    /// <inheritdoc/>
    public LossResult Compute(LossInput input)
    {
        using var weight = input.Head.Weight.Rent();
        var kept_T = input.Labels.ne(Ignored).to(ScalarType.Float32).mul(tensor(input.Scale, ScalarType.Float32));
        var logits_TV = nn.functional.log_softmax(nn.functional.linear(input.Hidden, weight.Tensor), 1);
        var labels_TV = nn.functional.one_hot(input.Labels.clamp(Zero), logits_TV.size(1)).to(ScalarType.Float32);
        var loss = logits_TV.mul(labels_TV).sum(1L).mul(kept_T).sum().neg();
        if (!input.NeedsGradient)
        {
            return new LossResult { Loss = loss };
        }

        var gradient_TV = logits_TV.exp().sub(labels_TV).mul(kept_T.unsqueeze(1));
        if (input.Head.Weight.Trains)
        {
            input.Head.Weight.AddGradient(gradient_TV.t().mm(input.Hidden));
        }

        return new LossResult { Loss = loss, HiddenGradient = gradient_TV.mm(weight.Tensor) };
    }
}

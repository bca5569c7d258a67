using Neoteny.Losses;
using Neoteny.Runtime.Operators;

namespace Neoteny.Plugins.Liger;

/// <summary>Cross-entropy over the logits of all tokens at once; they become their own gradient.</summary>
[Provides(ExtensionName, Summary = "Cross-entropy in place over all logits at once.")]
public sealed class LigerCrossEntropy : ILoss
{
    internal const string ExtensionName = "liger_cross_entropy";

    /// <inheritdoc/>
    public LossFeatures Supports => TokenLoss.Supports;

    /// <inheritdoc/>
    public LossResult Compute(LossInput input) => TokenLoss.Compute(input, scalesByProbability: false, static (tokens, _) => Math.Max(1, tokens));
}

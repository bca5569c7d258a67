using Neoteny.Losses;

namespace Neoteny.Plugins.CCE;

/// <summary>What turns logits into losses, apart from the tokens.</summary>
/// <remarks>
/// With raw logits r, <c>z = cap tanh(r / cap)</c> (z = r without a cap), label y, smoothing e, z-loss factor k and V labels:
/// <c>loss = lse(z) - (1 - e) z_y - e mean(z) + k lse(z)^2</c>, and
/// <c>dr = f ((1 + 2 k lse) softmax(z) - (1 - e) [y] - e / V) (1 - (z / cap)^2)</c> with f the scale times the token's weight.
/// </remarks>
/// <param name="Scale">Factor on the sum over tokens.</param>
/// <param name="Smoothing">Label smoothing; 0 for none.</param>
/// <param name="ZFactor">Factor of the squared log-partition; 0 for none.</param>
/// <param name="Softcap">The cap; 0 for none.</param>
/// <param name="Vocabulary">V, the size of the whole vocabulary, whatever part of it a tile holds.</param>
internal readonly record struct LossTerms(double Scale, double Smoothing, double ZFactor, double Softcap, long Vocabulary)
{
    /// <summary>What a call demands.</summary>
    public static LossTerms Of(LossInput input) => new(
        input.Scale,
        input.Demands.HasFlag(LossFeatures.LabelSmoothing) ? input.LabelSmoothing : 0,
        input.Demands.HasFlag(LossFeatures.ZLoss) ? input.ZLoss : 0,
        input.Head.Softcap,
        input.Head.Weight.Shape[0]);

    /// <summary>What smoothing takes from the gradient of every label: e / V.</summary>
    public double Share => Smoothing / Vocabulary;
}

using System.Numerics;
using Neoteny.Losses;
using Neoteny.Modules;

namespace Neoteny.Plugins.Liger;

/// <summary>Head and cross-entropy together, a chunk of tokens at a time: the logits of one chunk take about as much memory as all hidden states.</summary>
/// <remarks>The head's gradient is summed over the chunks in fp32.</remarks>
[Provides(ExtensionName, Summary = "Head and cross-entropy together, a chunk of tokens at a time.")]
public sealed class LigerFusedLinearCrossEntropy(LigerOptions options) : ILoss
{
    internal const string ExtensionName = "liger_fused_linear_cross_entropy";

    /// <inheritdoc/>
    public LossFeatures Supports => TokenLoss.Supports;

    /// <inheritdoc/>
    public LossResult Compute(LossInput input) => TokenLoss.Compute(input, options.TokenScaling, Chunk);

    /// <summary>Tokens of a chunk, as Liger has them: the power of two from which on V / H chunks suffice.</summary>
    internal static long Chunk(long tokens, IHead head)
    {
        var (vocabulary, hidden) = (head.Weight.Shape[0], head.Weight.Shape[1]);
        var chunks = (vocabulary + hidden - 1) / hidden;
        return (long)BitOperations.RoundUpToPowerOf2((ulong)Math.Max(1, (tokens + chunks - 1) / chunks));
    }
}

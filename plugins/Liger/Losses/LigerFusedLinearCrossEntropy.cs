using System.Numerics;
using Neoteny.Losses;
using Neoteny.Modules;
using TorchSharp;

namespace Neoteny.Plugins.Liger;

/// <summary>Head and cross-entropy together, a chunk of tokens at a time: the logits of one chunk take about as much memory as all hidden states, on a GPU up to 256 MiB where that is more.</summary>
/// <remarks>The head's gradient is summed over the chunks in fp32, which reads and writes all of it for each: on a GPU the smaller chunks of the original take twice the time.</remarks>
[Provides(ExtensionName, Summary = "Head and cross-entropy together, a chunk of tokens at a time.")]
public sealed class LigerFusedLinearCrossEntropy(LigerOptions options) : ILoss
{
    internal const string ExtensionName = "liger_fused_linear_cross_entropy";

    private const long DeviceLogits = 256L << 20;
    private const long DeviceTile = 128;

    /// <inheritdoc/>
    public LossFeatures Supports => TokenLoss.Supports;

    /// <inheritdoc/>
    public LossResult Compute(LossInput input)
    {
        var fewest = input.Hidden.device_type == DeviceType.CUDA ? Filling(input.Hidden.element_size(), input.Head) : 1;
        return TokenLoss.Compute(input, options.TokenScaling, (tokens, head) => Math.Max(fewest, Chunk(tokens, head)));
    }

    /// <summary>Tokens of a chunk, as Liger has them: the power of two from which on V / H chunks suffice.</summary>
    internal static long Chunk(long tokens, IHead head)
    {
        var (vocabulary, hidden) = (head.Weight.Shape[0], head.Weight.Shape[1]);
        var chunks = (vocabulary + hidden - 1) / hidden;
        return (long)BitOperations.RoundUpToPowerOf2((ulong)Math.Max(1, (tokens + chunks - 1) / chunks));
    }

    /// <summary>Tokens whose logits fill what a chunk may have on a GPU in any case.</summary>
    internal static long Filling(long elementSize, IHead head) => Math.Max(1, DeviceLogits / elementSize / head.Weight.Shape[0] / DeviceTile * DeviceTile);
}

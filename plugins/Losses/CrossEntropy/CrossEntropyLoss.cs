using Neoteny.Losses;
using Neoteny.Runtime;
using Neoteny.Runtime.Operators;
using TorchSharp;
using static TorchSharp.torch;

namespace Neoteny.Plugins.CrossEntropy;

// T tokens, H hidden, V vocabulary, C tokens of one block

/// <summary>The plain loss: logits, log-softmax and gradient in fp32, for a block of tokens at a time, so that all logits never exist at once.</summary>
/// <remarks>On the CPU only the tokens with a trained label are computed at all.</remarks>
[Provides("cross_entropy", Summary = "Plain cross-entropy, a block of tokens at a time; the default.")]
public sealed class CrossEntropyLoss : ILoss
{
    /// <summary>Most elements of one block of logits: 32 MB in fp32 on the CPU, 1 GB in 16 bits on a device.</summary>
    private const long CpuBlock = 8L << 20;

    private const long DeviceBlock = 512L << 20;

    // Products are fastest where their sizes are multiples of the tiles they are cut into.
    private const long DeviceTile = 256;

    /// <inheritdoc/>
    public LossFeatures Supports => LossFeatures.Softcap | LossFeatures.Bias | LossFeatures.TokenWeights | LossFeatures.PerToken | LossFeatures.AdaptedHead
        | LossFeatures.LabelSmoothing | LossFeatures.ZLoss;

    /// <inheritdoc/>
    public LossResult Compute(LossInput input)
    {
        var rows = input.Hidden.device_type == DeviceType.CPU ? input.Labels.ne(Scalars.Of(-100L)).nonzero().squeeze(-1) : null;
        var hidden_TH = rows is null ? input.Hidden : input.Hidden.index_select(0, rows);
        var labels_T = rows is null ? input.Labels : input.Labels.index_select(0, rows);
        var weights_T = rows is null ? input.TokenWeights : input.TokenWeights?.index_select(0, rows);
        var perToken_T = zeros(hidden_TH.size(0), device: hidden_TH.device);
        var gradient_TH = input.NeedsGradient ? empty_like(hidden_TH) : null;
        var block = BlockOf(hidden_TH, input);
        var total = zeros(1, device: hidden_TH.device);
        for (long from = 0; from < hidden_TH.size(0); from += block)
        {
            using var scope = NewDisposeScope();
            var count = Math.Min(block, hidden_TH.size(0) - from);
            var part = new LossBlock(input, hidden_TH.narrow(0, from, count), labels_T.narrow(0, from, count), weights_T?.narrow(0, from, count));
            total.add_(part.Run(perToken_T.narrow(0, from, count), gradient_TH?.narrow(0, from, count)), Scalars.One);
        }

        return new LossResult
        {
            Loss = total.squeeze(0),
            HiddenGradient = Spread(gradient_TH, rows, input.Hidden),
            PerToken = input.Demands.HasFlag(LossFeatures.PerToken) ? Spread(perToken_T, rows, input.Labels) : null,
        };
    }

    private static long BlockOf(Tensor hidden_TH, LossInput input)
    {
        var vocabulary = input.Head.Weight.Shape[0];
        if (hidden_TH.device_type == DeviceType.CPU)
        {
            return Math.Max(1, CpuBlock / vocabulary);
        }

        // What the kernel does not do is composed of fp32 copies of the logits, three at a time.
        var isPlain = (input.Demands & ~(LossFeatures.Bias | LossFeatures.TokenWeights | LossFeatures.PerToken | LossFeatures.AdaptedHead)) == 0;
        var most = (isPlain ? DeviceBlock : DeviceBlock / 4) * sizeof(ushort) / hidden_TH.element_size() / vocabulary;
        return most > DeviceTile ? most / DeviceTile * DeviceTile : Math.Max(1, most);
    }

    private static Tensor? Spread(Tensor? part, Tensor? rows, Tensor like)
    {
        if (part is null || rows is null)
        {
            return part;
        }

        var whole = zeros(like.shape, dtype: part.dtype, device: part.device);
        return whole.index_copy_(0, rows, part);
    }
}

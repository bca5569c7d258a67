using Neoteny.Losses;
using Neoteny.Modules;
using Neoteny.Runtime;
using Neoteny.Runtime.Operators;
using TorchSharp;
using static TorchSharp.torch;

namespace Neoteny.Plugins.Liger;

// T tokens, H hidden

/// <summary>What the two losses share: they differ in how many tokens have logits at once.</summary>
internal static class TokenLoss
{
    public static LossFeatures Supports => LossFeatures.Softcap | LossFeatures.Bias | LossFeatures.TokenWeights | LossFeatures.PerToken | LossFeatures.AdaptedHead
        | LossFeatures.LabelSmoothing | LossFeatures.ZLoss;

    /// <summary>Computes a loss.</summary>
    /// <param name="input">The call.</param>
    /// <param name="scalesByProbability">Whether each token's loss is multiplied by the probability of its label.</param>
    /// <param name="chunk">Gives the tokens of a chunk from their number and the head.</param>
    public static LossResult Compute(LossInput input, bool scalesByProbability, Func<long, IHead, long> chunk)
    {
        var terms = new CrossEntropyTerms
        {
            Smoothing = input.Demands.HasFlag(LossFeatures.LabelSmoothing) ? input.LabelSmoothing : 0,
            ZLoss = input.Demands.HasFlag(LossFeatures.ZLoss) ? input.ZLoss : 0,
            Softcap = input.Head.Softcap,
            ScalesByProbability = scalesByProbability,
        };

        // Counting tokens costs a device more than computing those whose labels are ignored.
        var rows = input.Hidden.device_type == DeviceType.CPU ? input.Labels.ne(Scalars.Of(-100L)).nonzero().squeeze(-1) : null;
        var hidden_TH = rows is null ? input.Hidden : input.Hidden.index_select(0, rows);
        var labels_T = rows is null ? input.Labels : input.Labels.index_select(0, rows);
        var factors_T = Factors(input, labels_T, rows);
        var tokens = hidden_TH.size(0);
        var losses_T = empty(tokens, device: hidden_TH.device);
        var gradient_TH = input.NeedsGradient ? empty_like(hidden_TH) : null;
        using var head = new HeadGradient(input);
        var step = chunk(tokens, input.Head);
        for (long from = 0; from < tokens; from += step)
        {
            using var scope = NewDisposeScope();
            var count = Math.Min(step, tokens - from);
            Tensor Part(Tensor whole) => whole.narrow(0, from, count);
            var part = new LossChunk(input.Head, terms, Part(hidden_TH), Part(labels_T), Part(factors_T));
            part.Run(Part(losses_T), gradient_TH is null ? null : Part(gradient_TH), head);
        }

        head.Finish();
        return new LossResult
        {
            Loss = losses_T.mul(factors_T).sum([0L]),
            HiddenGradient = Spread(gradient_TH, rows, input.Hidden),
            PerToken = input.Demands.HasFlag(LossFeatures.PerToken) ? Spread(losses_T, rows, input.Labels) : null,
        };
    }

    private static Tensor Factors(LossInput input, Tensor labels_T, Tensor? rows)
    {
        var factors_T = labels_T.ge(Scalars.Of(0L)).to(ScalarType.Float32).mul_(Scalars.Of(input.Scale));
        if (!input.Demands.HasFlag(LossFeatures.TokenWeights) || input.TokenWeights is not { } weights_T)
        {
            return factors_T;
        }

        return factors_T.mul_(rows is null ? weights_T : weights_T.index_select(0, rows));
    }

    private static Tensor? Spread(Tensor? part, Tensor? rows, Tensor like)
        => part is null || rows is null ? part : zeros(like.shape, dtype: part.dtype, device: part.device).index_copy_(0, rows, part);
}

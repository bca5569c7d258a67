using Neoteny.Losses;
using Neoteny.Plugins;
using Neoteny.Runtime;
using Neoteny.Runtime.Operators;
using static TorchSharp.torch;

namespace PluginNamespace;

// T tokens, C tokens of one block, H hidden, V vocabulary

/// <summary>Cross-entropy with label smoothing, a block of tokens at a time.</summary>
/// <remarks>With logits z, label y and smoothing e: <c>loss = lse(z) - (1 - e) z_y - e mean(z)</c>, <c>dz = softmax(z) - (1 - e) [y] - e / V</c>.</remarks>
[Provides("my_plugin", Summary = "Cross-entropy, a block of tokens at a time.")]
public sealed class PlainLoss(PlainLossOptions options) : ILoss
{
    /// <inheritdoc/>
    public LossFeatures Supports => LossFeatures.LabelSmoothing | LossFeatures.Bias | LossFeatures.PerToken;

    /// <inheritdoc/>
    public LossResult Compute(LossInput input)
    {
        var tokens = input.Hidden.size(0);
        var loss_T = zeros(tokens, device: input.Hidden.device);
        var gradient_TH = input.NeedsGradient ? empty_like(input.Hidden) : null;
        for (long from = 0; from < tokens; from += options.BlockTokens)
        {
            // Frees the logits of the block before those of the next are made.
            using var scope = NewDisposeScope();
            var count = Math.Min(options.BlockTokens, tokens - from);
            Run(input, input.Hidden.narrow(0, from, count), input.Labels.narrow(0, from, count), loss_T.narrow(0, from, count), gradient_TH?.narrow(0, from, count));
        }

        return new LossResult
        {
            Loss = loss_T.sum([0L]).mul_(Scalars.Of(input.Scale)),
            HiddenGradient = gradient_TH,
            PerToken = input.Demands.HasFlag(LossFeatures.PerToken) ? loss_T : null,
        };
    }

    private static void Run(LossInput input, Tensor hidden_CH, Tensor labels_C, Tensor loss_C, Tensor? gradient_CH)
    {
        var (head, smoothing) = (input.Head, input.Demands.HasFlag(LossFeatures.LabelSmoothing) ? input.LabelSmoothing : 0);
        var kept_C1 = labels_C.ne(Scalars.Of(-100L)).to(ScalarType.Float32).unsqueeze(1);
        var index_C1 = labels_C.clamp_min(Scalars.Of(0L)).unsqueeze(1);
        var z_CV = WeightProducts.Forward(head.Weight, head.Bias, hidden_CH).to(ScalarType.Float32);
        var lse_C1 = z_CV.logsumexp(-1, keepdim: true);
        var each_C1 = lse_C1.sub(z_CV.gather(1, index_C1).mul_(Scalars.Of(1 - smoothing))).sub_(z_CV.mean([-1L], keepdim: true).mul_(Scalars.Of(smoothing)));
        loss_C.copy_(each_C1.mul_(kept_C1).squeeze(1));
        if (gradient_CH is null)
        {
            return;
        }

        var factor_C1 = kept_C1.mul_(Scalars.Of(input.Scale));
        var dz_CV = z_CV.sub_(lse_C1).exp_().add_(Scalars.Of(-smoothing / z_CV.size(1)), Scalars.One).mul_(factor_C1);
        dz_CV.scatter_add_(1, index_C1, factor_C1.mul(Scalars.Of(smoothing - 1)));
        var rounded_CV = dz_CV.to(hidden_CH.dtype);
        gradient_CH.copy_(WeightProducts.InputGradient(head.Weight, rounded_CV));
        if (head.Weight.Trains)
        {
            WeightProducts.WeightGradient(head.Weight, rounded_CV, hidden_CH);
        }

        if (head.Bias is { Trains: true } bias)
        {
            bias.AddGradient(dz_CV.sum([0L]));
        }
    }
}

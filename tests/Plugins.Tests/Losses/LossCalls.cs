using Neoteny.Adapters;
using Neoteny.Conformance;
using Neoteny.Losses;
using Neoteny.Parameters;
using Neoteny.Runtime;
using static TorchSharp.torch;

namespace Neoteny.Plugins.Tests.Losses;

/// <summary>Calls of losses on random inputs.</summary>
internal static class LossCalls
{
    public const LossFeatures Everything = LossFeatures.Softcap | LossFeatures.Bias | LossFeatures.TokenWeights | LossFeatures.PerToken | LossFeatures.AdaptedHead
        | LossFeatures.LabelSmoothing | LossFeatures.ZLoss;

    /// <summary>A head whose parameters train unless it is frozen; <paramref name="spread"/> is their standard deviation.</summary>
    public static ConformanceHead Head(LossFeatures demands, ScalarType dtype, long hidden, long vocabulary, bool trains = true, Device? device = null, double spread = 0.3)
    {
        manual_seed(3);
        Parameter Make(string name, params long[] shape) => new(name, randn(shape).mul_(Scalars.Of(spread)).to(dtype).to(device ?? CPU)) { Trains = trains };
        return new ConformanceHead(Make("head", vocabulary, hidden))
        {
            Bias = demands.HasFlag(LossFeatures.Bias) ? Make("bias", vocabulary) : null,
            Deltas = demands.HasFlag(LossFeatures.AdaptedHead) ? [new LowRankDelta { A = Make("a", 2, hidden), B = Make("b", vocabulary, 2), Scale = 0.7 }] : [],
            Softcap = demands.HasFlag(LossFeatures.Softcap) ? 2.5 : 0,
        };
    }

    /// <summary>A call; weights of tokens and the like where they are demanded.</summary>
    public static LossInput Input(ConformanceHead head, LossFeatures demands, Tensor hidden_TH, Tensor labels_T, bool needsGradient = true) => new()
    {
        Hidden = hidden_TH,
        Head = head,
        Labels = labels_T,
        Demands = demands,
        Scale = 0.125,
        NeedsGradient = needsGradient,
        LabelSmoothing = demands.HasFlag(LossFeatures.LabelSmoothing) ? 0.1 : 0,
        ZLoss = demands.HasFlag(LossFeatures.ZLoss) ? 0.01 : 0,
        TokenWeights = demands.HasFlag(LossFeatures.TokenWeights) ? arange(labels_T.size(0), dtype: ScalarType.Float32).mul_(Scalars.Of(0.3)).to(hidden_TH.device) : null,
    };

    /// <summary>Labels, every third ignored, the first the vocabulary's last.</summary>
    public static Tensor Labels(long tokens, long vocabulary)
        => tensor([.. Enumerable.Range(0, (int)tokens).Select(t => t % 3 == 2 ? -100L : t == 0 ? vocabulary - 1 : t * 7919L % vocabulary)]);
}

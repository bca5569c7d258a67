using Neoteny.Adapters;
using Neoteny.Autograd;
using Neoteny.Parameters;

namespace Neoteny.Modules;

/// <summary>Chooses experts for each token: a linear map to one logit an expert, scores, the best k, and their weights.</summary>
/// <remarks>T tokens, H hidden, E experts, k experts a token. Separate from the experts, so that either may be replaced alone.</remarks>
public interface IRouter : IBlock
{
    /// <summary>Weight <c>[E, H]</c> of the logits.</summary>
    Parameter Weight { get; }

    /// <summary>Bias <c>[E]</c> of the logits, or null.</summary>
    Parameter? Bias => null;

    /// <summary>Added to the scores while choosing, not in the weights (DeepSeek-V3): a buffer <c>[E]</c>, or null.</summary>
    Parameter? Correction => null;

    /// <summary>What adapters attached to <see cref="Weight"/>.</summary>
    IReadOnlyList<LowRankDelta> Deltas { get; }

    /// <summary>How logits become choices and weights.</summary>
    RouterScoring Scoring { get; }

    /// <summary>Experts.</summary>
    int ExpertCount { get; }

    /// <summary>Experts per token.</summary>
    int TopK => Scoring.TopK;

    /// <summary>Routes <c>[T, H]</c>.</summary>
    Routing Forward(Tape tape, Value x_TH);
}

/// <summary>A routing decision; all values of the tape that made it.</summary>
public sealed class Routing
{
    /// <summary>Raw router outputs <c>[T, E]</c>, for auxiliary losses.</summary>
    public required Value Logits { get; init; }

    /// <summary>Chosen experts, int64 <c>[T, k]</c>, each once a token, in no particular order. Takes no gradient.</summary>
    public required Value Experts { get; init; }

    /// <summary>Weights of the chosen experts, fp32 <c>[T, k]</c>, in the order of <see cref="Experts"/>.</summary>
    public required Value Weights { get; init; }
}

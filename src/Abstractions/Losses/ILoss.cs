using Neoteny.Modules;
using Neoteny.Plugins;
using static TorchSharp.torch;

namespace Neoteny.Losses;

/// <summary>The loss point: hidden states, head and labels to loss and gradients, in one call.</summary>
/// <remarks>
/// Loss and head belong together, since the fast ways never hold all logits. The implementation rents the head's parameters, adds their
/// gradients itself (<see cref="Parameters.Parameter.AddProduct"/>) and returns the gradient of the hidden states. Stateless, compute thread,
/// inside a dispose scope and <c>no_grad</c>. May be swapped between two optimizer steps.
/// </remarks>
public interface ILoss : IExtension<LossFeatures>
{
    /// <summary>Computes the loss, and the gradients where wanted.</summary>
    LossResult Compute(LossInput input);
}

/// <summary>Optional semantics of losses. Bits are never reused.</summary>
[Flags]
public enum LossFeatures : long
{
    /// <summary>Cross-entropy of trained labels.</summary>
    None = 0,

    /// <summary>The head's softcap.</summary>
    Softcap = 1,

    /// <summary>Label smoothing.</summary>
    LabelSmoothing = 1 << 1,

    /// <summary>Squared log-partition penalty.</summary>
    ZLoss = 1 << 2,

    /// <summary>A weight for each token.</summary>
    TokenWeights = 1 << 3,

    /// <summary>A head with a bias.</summary>
    Bias = 1 << 4,

    /// <summary>The loss of each token is returned.</summary>
    PerToken = 1 << 5,

    /// <summary>The head holds only a range of the vocabulary.</summary>
    VocabularyShard = 1 << 6,

    /// <summary>A head with low-rank deltas.</summary>
    AdaptedHead = 1 << 7,
}

/// <summary>One loss call. T tokens, H hidden, V vocabulary.</summary>
public sealed class LossInput
{
    /// <summary>Hidden states after the last norm, <c>[T, H]</c>; borrowed, read only.</summary>
    public required Tensor Hidden { get; init; }

    /// <summary>The head.</summary>
    public required IHead Head { get; init; }

    /// <summary>Labels, int64 <c>[T]</c>, already shifted; -100 is ignored.</summary>
    public required Tensor Labels { get; init; }

    /// <summary>Every optional semantic in use.</summary>
    public required LossFeatures Demands { get; init; }

    /// <summary>Factor on the sum over tokens: one over all trained tokens of the optimizer step over all ranks.</summary>
    public required double Scale { get; init; }

    /// <summary>Whether gradients are wanted; without them nothing is added to parameters.</summary>
    public bool NeedsGradient { get; init; }

    /// <summary>Smoothing in [0, 1), when demanded.</summary>
    public double LabelSmoothing { get; init; }

    /// <summary>Factor of the squared log-partition, when demanded.</summary>
    public double ZLoss { get; init; }

    /// <summary>Weights, fp32 <c>[T]</c>, when demanded.</summary>
    public Tensor? TokenWeights { get; init; }
}

/// <summary>What a loss returns. Ownership goes to the caller.</summary>
public sealed class LossResult
{
    /// <summary>The scaled sum, fp32 scalar. Zero when no label is trained.</summary>
    public required Tensor Loss { get; init; }

    /// <summary>Gradient of the hidden states, in their shape and dtype, when wanted.</summary>
    public Tensor? HiddenGradient { get; init; }

    /// <summary>Unscaled loss of each token, fp32 <c>[T]</c>, zero where ignored, when demanded.</summary>
    public Tensor? PerToken { get; init; }
}

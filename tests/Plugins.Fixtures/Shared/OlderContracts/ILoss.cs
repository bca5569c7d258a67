using Neoteny.Modules;
using Neoteny.Plugins;
using static TorchSharp.torch;

namespace Neoteny.Losses;

/// <summary>The loss point without optional semantics.</summary>
public interface ILoss : IExtension<LossFeatures>
{
    /// <summary>Computes the loss, and the gradients where wanted.</summary>
    LossResult Compute(LossInput input);
}

/// <summary>There are no optional semantics yet.</summary>
[Flags]
public enum LossFeatures : long
{
    /// <summary>Cross-entropy of trained labels.</summary>
    None = 0,
}

/// <summary>One loss call.</summary>
public sealed class LossInput
{
    /// <summary>Hidden states.</summary>
    public required Tensor Hidden { get; init; }

    /// <summary>The head.</summary>
    public required IHead Head { get; init; }

    /// <summary>Labels.</summary>
    public required Tensor Labels { get; init; }

    /// <summary>Factor on the sum over tokens.</summary>
    public required double Scale { get; init; }

    /// <summary>Whether gradients are wanted.</summary>
    public bool NeedsGradient { get; init; }
}

/// <summary>What a loss returns.</summary>
public sealed class LossResult
{
    /// <summary>The scaled sum.</summary>
    public required Tensor Loss { get; init; }

    /// <summary>Gradient of the hidden states.</summary>
    public Tensor? HiddenGradient { get; init; }
}

using Neoteny.Attention;
using Neoteny.Losses;
using Neoteny.Modules;
using TorchSharp;
using static TorchSharp.torch;

namespace Neoteny.Conformance;

/// <summary>What a running model looks like, for <see cref="Smoke"/>.</summary>
public sealed class LiveShapes
{
    /// <summary>The dtype of its activations.</summary>
    public required ScalarType DType { get; init; }

    /// <summary>Where it runs.</summary>
    public required Device Device { get; init; }

    /// <summary>The distinct attention layers of the model. An attention kernel is checked on each.</summary>
    public IReadOnlyList<AttentionSpec> Attention { get; init; } = [];

    /// <summary>Hidden size, for a loss; 0 where none is checked.</summary>
    public int HiddenSize { get; init; }

    /// <summary>Vocabulary size, for a loss. The check uses at most <see cref="MostLabels"/> of it.</summary>
    public int VocabularySize { get; init; }

    /// <summary>What the run demands of its loss.</summary>
    public LossFeatures LossDemands { get; init; }

    /// <summary>The head's softcap; 0 for none.</summary>
    public double HeadSoftcap { get; init; }

    /// <summary>The running model, for a module override: its block is compared with the current one on the first site that it claims of each role.</summary>
    public IModuleTree? Model { get; init; }

    /// <summary>Tokens of the checks' rows.</summary>
    public int Tokens { get; init; } = 19;

    /// <summary>How long all checks together may take; longer is a failure.</summary>
    public TimeSpan TimeLimit { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>The largest vocabulary that a loss is checked with, so that the check needs no second head of the model's size.</summary>
    public static readonly int MostLabels = 1024;
}

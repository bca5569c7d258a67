using Neoteny.Modules;

namespace Neoteny.Models.Decoder;

/// <summary>A mixture of experts: a router sends each token through some of them.</summary>
public sealed record SparseMlp : LayerMlp
{
    /// <summary>Experts.</summary>
    public required int ExpertCount { get; init; }

    /// <summary>Features inside an expert.</summary>
    public required int IntermediateSize { get; init; }

    /// <summary>How router logits become choices and weights.</summary>
    public required RouterScoring Scoring { get; init; }

    /// <summary>How the checkpoint names and lays out the experts.</summary>
    public ExpertLayout Layout { get; init; } = ExpertLayout.Separate;

    /// <summary>The router's name below <see cref="LayerMlp.Name"/>.</summary>
    public string RouterName { get; init; } = "gate";

    /// <summary>Whether router logits have a bias.</summary>
    public bool RouterBias { get; init; }

    /// <summary>Whether the checkpoint holds a correction of the choice, <c>e_score_correction_bias</c>.</summary>
    public bool HasCorrection { get; init; }

    /// <summary>Whether router logits are computed in fp32 whatever the dtype of the model.</summary>
    public bool RoutesInSingle { get; init; }

    /// <summary>Whether the experts' projections have biases.</summary>
    public bool Biases { get; init; }

    /// <summary>Factor inside the sigmoid of <c>silu</c>.</summary>
    public double ActivationAlpha { get; init; } = 1;

    /// <summary>Where gate and up are clamped; null for nowhere.</summary>
    public double? ActivationLimit { get; init; }

    /// <summary>Added to up.</summary>
    public double UpOffset { get; init; }

    /// <summary>The expert that every token visits, or null.</summary>
    public SharedExpert? Shared { get; init; }
}

/// <summary>An expert that every token visits.</summary>
public sealed record SharedExpert
{
    /// <summary>Its name below <see cref="LayerMlp.Name"/>.</summary>
    public required string Name { get; init; }

    /// <summary>Features inside it.</summary>
    public required int IntermediateSize { get; init; }

    /// <summary>The name of the linear map whose sigmoid scales its result; null for none.</summary>
    public string? Gate { get; init; }
}

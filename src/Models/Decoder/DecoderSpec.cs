using Neoteny.Attention;

namespace Neoteny.Models.Decoder;

/// <summary>What a decoder-only transformer is made of: the data that a model family derives from a configuration.</summary>
public sealed record DecoderSpec
{
    /// <summary>Rows of the embedding.</summary>
    public required int VocabularySize { get; init; }

    /// <summary>Features of the residual stream.</summary>
    public required int HiddenSize { get; init; }

    /// <summary>Features inside the gated MLP.</summary>
    public required int IntermediateSize { get; init; }

    /// <summary>Decoder layers.</summary>
    public required int LayerCount { get; init; }

    /// <summary>Query heads.</summary>
    public required int QueryHeads { get; init; }

    /// <summary>Key and value heads.</summary>
    public required int KeyHeads { get; init; }

    /// <summary>Size of a head.</summary>
    public required int HeadSize { get; init; }

    /// <summary>Epsilon of the norms.</summary>
    public required double NormEpsilon { get; init; }

    /// <summary>Whether the head is the embedding.</summary>
    public bool TiesHead { get; init; }

    /// <summary>Whether the query, key and value projections have biases.</summary>
    public bool ProjectionBiases { get; init; }

    /// <summary>Whether attention's output projection has a bias.</summary>
    public bool OutputBias { get; init; }

    /// <summary>Whether the MLP's projections have biases.</summary>
    public bool MlpBiases { get; init; }

    /// <summary>The MLP's activation as checkpoints spell it.</summary>
    public string Activation { get; init; } = "silu";

    /// <summary>Standard deviation of freshly initialized weights.</summary>
    public double InitializerRange { get; init; } = 0.02;


    /// <summary>What attention computes in every layer.</summary>
    public AttentionSpec AttentionSpec => new()
    {
        Demands = AttentionFeatures.Causal | (KeyHeads < QueryHeads ? AttentionFeatures.GroupedHeads : 0),
        Scale = 1 / Math.Sqrt(HeadSize),
        QueryHeads = QueryHeads,
        KeyHeads = KeyHeads,
        HeadSize = HeadSize,
    };
}

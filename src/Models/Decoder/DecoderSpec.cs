using Neoteny.Attention;

namespace Neoteny.Models.Decoder;

/// <summary>What a decoder-only transformer is made of: the data that a model family derives from a configuration.</summary>
/// <remarks>Everything in which families differ is here and in the records it holds; the decoder's code knows no family.</remarks>
public sealed record DecoderSpec
{
    /// <summary>Rows of the embedding.</summary>
    public required int VocabularySize { get; init; }

    /// <summary>Features of the residual stream.</summary>
    public required int HiddenSize { get; init; }

    /// <summary>The layers, first to last.</summary>
    public required IReadOnlyList<LayerSpec> Layers { get; init; }

    /// <summary>The rotary tables that layers choose from by index; at least one.</summary>
    public required IReadOnlyList<RotarySpec> Rotaries { get; init; }

    /// <summary>Epsilon of the norms.</summary>
    public required double NormEpsilon { get; init; }

    /// <summary>Added to the weight of every norm: 1 for Gemma.</summary>
    public double NormOffset { get; init; }

    /// <summary>Factor on the embedded tokens, rounded to the dtype of the embedding.</summary>
    public double EmbeddingScale { get; init; } = 1;

    /// <summary>Logits become <c>cap * tanh(logit / cap)</c>; 0 for none.</summary>
    public double LogitSoftcap { get; init; }

    /// <summary>Whether the head is the embedding.</summary>
    public bool TiesHead { get; init; }

    /// <summary>Standard deviation of freshly initialized weights.</summary>
    public double InitializerRange { get; init; } = 0.02;

    /// <summary>Factor on the routers' load balancing loss in training; 0 leaves it out.</summary>
    public double RouterLossFactor { get; init; }

    /// <summary>What attention computes in each layer.</summary>
    public IEnumerable<AttentionSpec> Kernels => Layers.Select(l => l.Attention.Kernel);
}

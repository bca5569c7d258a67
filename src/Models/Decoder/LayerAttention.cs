using Neoteny.Attention;

namespace Neoteny.Models.Decoder;

/// <summary>The attention of one layer.</summary>
public abstract record LayerAttention
{
    /// <summary>Query heads.</summary>
    public required int QueryHeads { get; init; }

    /// <summary>Which of <see cref="DecoderSpec.Rotaries"/> turns queries and keys; null for none (NoPE).</summary>
    public int? Rotary { get; init; } = 0;

    /// <summary>How many keys a query sees, itself included; 0 for all.</summary>
    public int Window { get; init; }

    /// <summary>Scores become <c>cap * tanh(score / cap)</c>; 0 for none.</summary>
    public double Softcap { get; init; }

    /// <summary>Whether one learned logit for each query head takes part in the softmax (parameter <c>sinks</c>).</summary>
    public bool Sinks { get; init; }

    /// <summary>Factor on the scores; null for one over the square root of the head size.</summary>
    public double? Scale { get; init; }

    /// <summary>What the kernel is asked for.</summary>
    public abstract AttentionSpec Kernel { get; }

    /// <summary>The features that window, cap and sinks demand of a kernel.</summary>
    private protected AttentionFeatures Demands => AttentionFeatures.Causal
        | (Window == 0 ? 0 : AttentionFeatures.Window)
        | (Softcap == 0 ? 0 : AttentionFeatures.Softcap)
        | (Sinks ? AttentionFeatures.Sinks : 0);
}

/// <summary>Multi-head attention whose key heads serve one or more query heads each (Ainslie et al. 2023).</summary>
public sealed record GroupedAttention : LayerAttention
{
    /// <summary>Key and value heads.</summary>
    public required int KeyHeads { get; init; }

    /// <summary>Size of a head.</summary>
    public required int HeadSize { get; init; }

    /// <summary>Whether the query, key and value projections have biases.</summary>
    public bool ProjectionBiases { get; init; }

    /// <summary>Whether the output projection has a bias.</summary>
    public bool OutputBias { get; init; }

    /// <summary>Whether the checkpoint holds the three projections as one, <c>qkv_proj</c>, query rows first.</summary>
    public bool FusedProjections { get; init; }

    /// <summary>How queries and keys are normalized (<c>q_norm</c>, <c>k_norm</c>).</summary>
    public QueryKeyNorm QueryKeyNorm { get; init; }

    /// <summary>Bound on the absolute values of queries, keys and values, after their norms and before they are turned; null for none.</summary>
    public double? ProjectionLimit { get; init; }

    /// <inheritdoc/>
    public override AttentionSpec Kernel => new()
    {
        Demands = Demands | (KeyHeads < QueryHeads ? AttentionFeatures.GroupedHeads : 0),
        Scale = Scale ?? 1 / Math.Sqrt(HeadSize),
        QueryHeads = QueryHeads,
        KeyHeads = KeyHeads,
        HeadSize = HeadSize,
        Window = Window,
        Softcap = Softcap,
    };
}

/// <summary>Norms of queries and keys, before they are turned.</summary>
public enum QueryKeyNorm
{
    /// <summary>None.</summary>
    None,

    /// <summary>Each head by itself; one weight of the head's size for all heads.</summary>
    PerHead,

    /// <summary>All features of a projection together.</summary>
    WholeProjection,
}

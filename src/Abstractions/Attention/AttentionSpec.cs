namespace Neoteny.Attention;

/// <summary>What one attention layer computes; fixed for the layer's life.</summary>
public sealed class AttentionSpec
{
    /// <summary>Every optional semantic in use. An implementation that lacks one is refused before the first step.</summary>
    public required AttentionFeatures Demands { get; init; }

    /// <summary>Scores are <c>q . k * Scale</c>.</summary>
    public required double Scale { get; init; }

    /// <summary>Query heads.</summary>
    public required int QueryHeads { get; init; }

    /// <summary>Key and value heads; divides <see cref="QueryHeads"/>.</summary>
    public required int KeyHeads { get; init; }

    /// <summary>Size of a query and key head.</summary>
    public required int HeadSize { get; init; }

    /// <summary>Size of a value head; 0 means <see cref="HeadSize"/>.</summary>
    public int ValueSize { get; init; }

    /// <summary>Keys a query sees, itself included, when <see cref="AttentionFeatures.Window"/> is demanded.</summary>
    public int Window { get; init; }

    /// <summary>The cap when <see cref="AttentionFeatures.Softcap"/> is demanded.</summary>
    public double Softcap { get; init; }

    /// <summary>The name of the program when <see cref="AttentionFeatures.Program"/> is demanded.</summary>
    public string? Program { get; init; }

    /// <summary>Whether a query sees no key after it: a window reaches back only, so it implies the causal bit.</summary>
    public bool HidesLater => (Demands & (AttentionFeatures.Causal | AttentionFeatures.Window)) != 0;
}

using Neoteny.Attention;

namespace Neoteny.Models.Decoder;

/// <summary>Multi-head latent attention: keys and values come from a narrow latent, queries may too; one turned key part serves all heads (DeepSeek-V2 2024, section 2.1).</summary>
public sealed record LatentAttention : LayerAttention
{
    /// <summary>Features of the queries' latent; null where queries come from the input directly.</summary>
    public required int? QueryRank { get; init; }

    /// <summary>Features of the latent of keys and values.</summary>
    public required int KeyValueRank { get; init; }

    /// <summary>Features of a query and key head that do not turn.</summary>
    public required int PlainSize { get; init; }

    /// <summary>Features of a query and key head that turn.</summary>
    public required int TurnedSize { get; init; }

    /// <summary>Size of a value head.</summary>
    public required int ValueSize { get; init; }

    /// <summary>Whether the projections to the latents and the output projection have biases.</summary>
    public bool Biases { get; init; }

    /// <summary>Size of a query and key head.</summary>
    public int HeadSize => PlainSize + TurnedSize;

    /// <inheritdoc/>
    public override AttentionSpec Kernel => new()
    {
        Demands = Demands | (ValueSize == HeadSize ? 0 : AttentionFeatures.DistinctValueSize),
        Scale = Scale ?? 1 / Math.Sqrt(HeadSize),
        QueryHeads = QueryHeads,
        KeyHeads = QueryHeads,
        HeadSize = HeadSize,
        ValueSize = ValueSize,
        Window = Window,
        Softcap = Softcap,
    };
}

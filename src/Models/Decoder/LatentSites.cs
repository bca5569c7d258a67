using Neoteny.Attention;
using Neoteny.Modules;

namespace Neoteny.Models.Decoder;

/// <summary>Makes the sites of one layer's latent attention.</summary>
internal static class LatentSites
{
    // The published code leaves these norms at their default, whatever rms_norm_eps says.
    private const double LatentEpsilon = 1e-6;

    public static ModuleSite Build(SiteBuilder sites, LatentAttention attention, int layer, string path, Slot<IAttention> kernel)
    {
        var (hidden, heads) = (sites.Spec.HiddenSize, attention.QueryHeads);
        var block = sites.Add(path);
        var isLow = attention.QueryRank is not null;
        var rotary = sites.Spec.Rotaries[attention.Rotary ?? 0];
        var parts = new LatentParts
        {
            QueryDown = attention.QueryRank is { } down ? sites.Linear($"{path}.q_a_proj", hidden, down, attention.Biases) : null,
            QueryNorm = attention.QueryRank is { } features ? sites.Norm($"{path}.q_a_layernorm", features, LatentEpsilon) : null,
            Query = sites.Linear(isLow ? $"{path}.q_b_proj" : $"{path}.q_proj", attention.QueryRank ?? hidden, heads * attention.HeadSize, hasBias: false),
            KeyValueDown = sites.Linear($"{path}.kv_a_proj_with_mqa", hidden, attention.KeyValueRank + attention.TurnedSize, attention.Biases),
            KeyValueNorm = sites.Norm($"{path}.kv_a_layernorm", attention.KeyValueRank, LatentEpsilon),
            KeyValue = sites.Linear($"{path}.kv_b_proj", attention.KeyValueRank, heads * (attention.PlainSize + attention.ValueSize), hasBias: false),
            Rotary = sites.Add($"{path}.rotary_emb"),
            Output = sites.Linear($"{path}.o_proj", heads * attention.ValueSize, hidden, attention.Biases),
            TurnsNeighbours = rotary.Interleaved,
        };
        parts.Rotary.Fill(new RotaryBlock(attention.TurnedSize));
        foreach (var nested in parts.All)
        {
            block.Nest(nested);
        }

        block.Fill(new LatentAttentionBlock(layer, attention, parts, kernel));
        return block;
    }
}

/// <summary>The sites that a latent attention block calls.</summary>
internal sealed record LatentParts
{
    public ModuleSite? QueryDown { get; init; }

    public ModuleSite? QueryNorm { get; init; }

    public required ModuleSite Query { get; init; }

    public required ModuleSite KeyValueDown { get; init; }

    public required ModuleSite KeyValueNorm { get; init; }

    public required ModuleSite KeyValue { get; init; }

    public required ModuleSite Rotary { get; init; }

    public required ModuleSite Output { get; init; }

    /// <summary>Whether neighbouring features turn together rather than those of two halves.</summary>
    public bool TurnsNeighbours { get; init; }

    public IEnumerable<ModuleSite> All
        => new[] { QueryDown, QueryNorm, Query, KeyValueDown, KeyValueNorm, KeyValue, Rotary, Output }.OfType<ModuleSite>();
}

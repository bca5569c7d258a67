using Neoteny.Attention;
using Neoteny.Modules;

namespace Neoteny.Models.Decoder;

/// <summary>Makes the sites of one layer's attention.</summary>
internal static class AttentionSites
{
    public static ModuleSite Build(SiteBuilder sites, LayerAttention attention, int layer, string path, Slot<IAttention> kernel) => attention switch
    {
        GroupedAttention grouped => Grouped(sites, grouped, layer, path, kernel),
        LatentAttention latent => LatentSites.Build(sites, latent, layer, path, kernel),
        _ => throw new ArgumentException($"{path}: a {attention.GetType().Name} has no sites.", nameof(attention)),
    };

    private static ModuleSite Grouped(SiteBuilder sites, GroupedAttention attention, int layer, string path, Slot<IAttention> kernel)
    {
        var hidden = sites.Spec.HiddenSize;
        var (queries, keys) = (attention.QueryHeads * attention.HeadSize, attention.KeyHeads * attention.HeadSize);
        var sinks = attention.Sinks ? sites.Parameter($"{path}.sinks", attention.QueryHeads) : null;
        var block = sites.Add(path, sinks is null ? [] : [sinks]);
        var projections = attention.FusedProjections
            ? FusedProjections(sites, path, queries, keys, attention.ProjectionBiases)
            : Projections(sites, path, queries, keys, attention.ProjectionBiases);
        var norms = (Query: Norm(sites, attention, $"{path}.q_norm", queries), Key: Norm(sites, attention, $"{path}.k_norm", keys));
        var rotary = Rotary(sites, attention, path);
        var output = sites.Linear($"{path}.o_proj", queries, hidden, attention.OutputBias);
        foreach (var nested in new[] { projections, norms.Query, norms.Key, rotary, output }.OfType<ModuleSite>())
        {
            block.Nest(nested);
        }

        block.Fill(new AttentionBlock(layer, attention, new AttentionParts
        {
            Projections = projections,
            Output = output,
            Rotary = rotary,
            QueryNorm = norms.Query,
            KeyNorm = norms.Key,
            Sinks = sinks,
            PairedFeatures = attention.Rotary is { } table && sites.Spec.Rotaries[table] is { Interleaved: true } turned ? turned.RotatedSize : 0,
        }, kernel));
        return block;
    }

    private static ModuleSite Projections(SiteBuilder sites, string path, int queries, int keys, bool biases)
    {
        var hidden = sites.Spec.HiddenSize;
        var projections = sites.Add($"{path}.qkv");
        var q = sites.Linear($"{path}.q_proj", hidden, queries, biases);
        var k = sites.Linear($"{path}.k_proj", hidden, keys, biases);
        var v = sites.Linear($"{path}.v_proj", hidden, keys, biases);
        projections.Nest(q, k, v);
        projections.Fill(new ProjectionsBlock(q, k, v));
        return projections;
    }

    private static ModuleSite FusedProjections(SiteBuilder sites, string path, int queries, int keys, bool biases)
    {
        var projections = sites.Add($"{path}.qkv");
        var whole = sites.Linear($"{path}.qkv_proj", sites.Spec.HiddenSize, queries + (2 * keys), biases);
        projections.Nest(whole);
        projections.Fill(new FusedProjectionsBlock(whole, queries, keys));
        return projections;
    }

    private static ModuleSite? Norm(SiteBuilder sites, GroupedAttention attention, string path, int features) => attention.QueryKeyNorm switch
    {
        QueryKeyNorm.None => null,
        QueryKeyNorm.PerHead => sites.Norm(path, attention.HeadSize),
        _ => sites.Norm(path, features),
    };

    private static ModuleSite? Rotary(SiteBuilder sites, GroupedAttention attention, string path)
    {
        if (attention.Rotary is not { } table)
        {
            return null;
        }

        var site = sites.Add($"{path}.rotary_emb");
        site.Fill(new RotaryBlock(sites.Spec.Rotaries[table].RotatedSize));
        return site;
    }
}

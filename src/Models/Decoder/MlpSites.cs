using Neoteny.Modules;

namespace Neoteny.Models.Decoder;

/// <summary>Makes the sites of what follows attention in a layer.</summary>
internal static class MlpSites
{
    public static ModuleSite Build(SiteBuilder sites, LayerMlp mlp, string path) => mlp switch
    {
        GatedMlp { FusedGateUp: true } gated => Fused(sites, gated, path),
        GatedMlp gated => Separate(sites, gated, path),
        SparseMlp sparse => SparseSites.Build(sites, sparse, path),
        _ => throw new ArgumentException($"{path}: a {mlp.GetType().Name} has no sites.", nameof(mlp)),
    };

    private static ModuleSite Separate(SiteBuilder sites, GatedMlp mlp, string path)
    {
        var hidden = sites.Spec.HiddenSize;
        var block = sites.Add(path);
        var gate = sites.Linear($"{path}.gate_proj", hidden, mlp.IntermediateSize, mlp.Biases);
        var up = sites.Linear($"{path}.up_proj", hidden, mlp.IntermediateSize, mlp.Biases);
        var down = sites.Linear($"{path}.down_proj", mlp.IntermediateSize, hidden, mlp.Biases);
        block.Nest(gate, up, down);
        block.Fill(new GatedMlpBlock(gate, up, down, mlp.Activation));
        return block;
    }

    private static ModuleSite Fused(SiteBuilder sites, GatedMlp mlp, string path)
    {
        var hidden = sites.Spec.HiddenSize;
        var block = sites.Add(path);
        var gateUp = sites.Linear($"{path}.gate_up_proj", hidden, 2 * mlp.IntermediateSize, mlp.Biases);
        var down = sites.Linear($"{path}.down_proj", mlp.IntermediateSize, hidden, mlp.Biases);
        block.Nest(gateUp, down);
        block.Fill(new FusedGatedMlpBlock(gateUp, down, mlp));
        return block;
    }
}

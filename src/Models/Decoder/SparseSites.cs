using Neoteny.Modules;

namespace Neoteny.Models.Decoder;

/// <summary>Makes the sites of a mixture of experts.</summary>
internal static class SparseSites
{
    public static ModuleSite Build(SiteBuilder sites, SparseMlp mlp, string path)
    {
        // Module paths follow the model; only the names of tensors follow the checkpoint.
        var stored = mlp.Layout.Module is { } module ? $"{path[..path.LastIndexOf('.')]}.{module}" : path;
        var block = sites.Add(path);
        var router = Router(sites, mlp, path, stored);
        var experts = Experts(sites, mlp, $"{path}.experts", $"{stored}.experts");
        block.Nest(router, experts);
        ModuleSite? shared = null, gate = null;
        if (mlp.Shared is { } everyTokens)
        {
            shared = MlpSites.Build(
                sites, new GatedMlp { IntermediateSize = everyTokens.IntermediateSize, Activation = mlp.Activation }, $"{path}.{everyTokens.Name}");
            block.Nest(shared);
            if (everyTokens.Gate is { } name)
            {
                gate = sites.Linear($"{path}.{name}", sites.Spec.HiddenSize, 1, hasBias: false);
                block.Nest(gate);
            }
        }

        block.Fill(new SparseMlpBlock(router, experts, shared, gate));
        return block;
    }

    private static ModuleSite Router(SiteBuilder sites, SparseMlp mlp, string path, string stored)
    {
        var weight = sites.Parameter($"{stored}.{mlp.RouterName}.weight", mlp.ExpertCount, sites.Spec.HiddenSize);
        var bias = mlp.RouterBias ? sites.Parameter($"{stored}.{mlp.RouterName}.bias", mlp.ExpertCount) : null;
        var correction = mlp.HasCorrection ? sites.Buffer($"{stored}.{mlp.RouterName}.e_score_correction_bias", mlp.ExpertCount) : null;
        var site = sites.Add($"{path}.{mlp.RouterName}", [.. new[] { weight, bias, correction }.OfType<Parameters.Parameter>()]);
        site.Fill(new RouterBlock(site, mlp, weight, bias, correction));
        return site;
    }

    private static ModuleSite Experts(SiteBuilder sites, SparseMlp mlp, string path, string stored)
    {
        long experts = mlp.ExpertCount, hidden = sites.Spec.HiddenSize, inner = mlp.IntermediateSize;
        long[] gateUp = [experts, 2 * inner, hidden], down = [experts, hidden, inner], gateUpBias = [experts, 2 * inner];
        var parameters = new ExpertParameters(
            sites.Stacked($"{path}.gate_up_proj", gateUp, mlp.Layout.GateUp(stored, gateUp)),
            mlp.Biases ? sites.Stacked($"{path}.gate_up_proj_bias", gateUpBias, mlp.Layout.GateUpBias(stored, gateUpBias)) : null,
            sites.Stacked($"{path}.down_proj", down, mlp.Layout.Down(stored, down)),
            mlp.Biases ? sites.Parameter($"{stored}.down_proj_bias", experts, hidden) : null);
        var site = sites.Add(path, parameters.All);
        site.Fill(new ExpertsBlock(site, mlp, parameters));
        return site;
    }
}

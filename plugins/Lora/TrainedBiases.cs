using Neoteny.Adapters;
using Neoteny.Modules;
using Neoteny.Parameters;

namespace Neoteny.Plugins.Lora;

/// <summary>The base model's biases that train with the adapter: PEFT's <c>bias</c>.</summary>
internal static class TrainedBiases
{
    /// <summary>The biases by the names in the adapter's file.</summary>
    /// <param name="configuration">Says which.</param>
    /// <param name="model">The model.</param>
    /// <param name="saved">A saved adapter: only the biases it holds count, since PEFT leaves those of <c>lora_only</c> out.</param>
    public static IEnumerable<KeyValuePair<string, Parameter>> Of(LoraConfiguration configuration, IModuleTree model, AdapterFiles? saved)
    {
        if (configuration.Bias == "none")
        {
            yield break;
        }

        var adapted = configuration.Targets.Match(model).ToHashSet();
        var sites = configuration.Bias == "all" ? model.Sites : model.Sites.Where(s => adapted.Contains(s.Path));
        foreach (var site in sites)
        {
            foreach (var bias in site.Parameters.Where(p => p.Path.EndsWith(".bias", StringComparison.Ordinal)))
            {
                // PEFT wraps an adapted module, so that its own bias moves one level down.
                var (plain, wrapped) = ($"{LoraAdapter.Prefix}{site.Path}.bias", $"{LoraAdapter.Prefix}{site.Path}.base_layer.bias");
                var name = adapted.Contains(site.Path) && saved?.Tensors.ContainsKey(plain) != true ? wrapped : plain;
                if (saved is null || saved.Tensors.ContainsKey(name))
                {
                    yield return KeyValuePair.Create(name, bias);
                }
            }
        }
    }
}

using Neoteny.Adapters;
using Neoteny.Modules;
using Neoteny.Parameters;

namespace Neoteny.Plugins.Lora;

/// <summary>The modules that train in full beside the deltas: PEFT's <c>modules_to_save</c>.</summary>
internal static class WholeModules
{
    /// <summary>Their weights, those of modules inside them included, by the names in the adapter's file.</summary>
    /// <exception cref="InputException">The model has no such module.</exception>
    public static IReadOnlyList<KeyValuePair<string, Parameter>> Of(LoraConfiguration configuration, IModuleTree model)
    {
        var whole = new List<KeyValuePair<string, Parameter>>();
        foreach (var name in configuration.ModulesToSave)
        {
            var modules = model.Sites.Where(s => ModuleTargets.Matches(name, s.Path)).ToList();
            if (modules.Count == 0)
            {
                throw new InputException($"lora_modules_to_save: the model has no module '{name}'. It has: "
                    + $"{string.Join(", ", model.Sites.Where(s => s.Parameters.Count > 0).Select(s => s.Path[(s.Path.LastIndexOf('.') + 1)..]).Distinct())}.");
            }

            // A tied head's parameter has the embedding's path, but is saved under the head's.
            whole.AddRange(modules.SelectMany(m => m.Below().Prepend(m)).SelectMany(s => s.Parameters.Select(
                p => KeyValuePair.Create($"{LoraAdapter.Prefix}{s.Path}{p.Path[p.Path.LastIndexOf('.')..]}", p))));
        }

        return [.. whole.DistinctBy(w => w.Key)];
    }

    /// <summary>Checks that a saved adapter did not train apart what the model shares.</summary>
    /// <exception cref="InputException">It did.</exception>
    public static void CheckTies(LoraConfiguration configuration, IReadOnlyList<KeyValuePair<string, Parameter>> whole, IModuleTree model, AdapterFiles saved)
    {
        if (configuration.EnsureWeightTying)
        {
            return;
        }

        // PEFT trains a copy of a module, so that a shared weight that is named in one of its places stays as it was in the other.
        foreach (var (name, weight) in whole)
        {
            if (model.Sites.Count(s => s.Parameters.Contains(weight)) > whole.Count(w => w.Value == weight))
            {
                throw new InputException($"adapter_model.safetensors: '{name}' was trained apart from the weight that this model ties it to. "
                    + "Merge the adapter with PEFT and load the merged model instead.");
            }
        }

        foreach (var shared in whole.GroupBy(w => w.Value).Where(g => g.Count() > 1))
        {
            var tensors = shared.Select(s => saved.Tensors.GetValueOrDefault(s.Key)).ToList();
            if (tensors.Any(t => t is null || !t.shape.SequenceEqual(tensors[0]!.shape) || !t.equal(tensors[0]!).all().item<bool>()))
            {
                throw new InputException($"adapter_model.safetensors: {string.Join(" and ", shared.Select(s => $"'{s.Key}'"))} were trained apart, but this model ties them. "
                    + "Merge the adapter with PEFT and load the merged model instead.");
            }
        }
    }
}

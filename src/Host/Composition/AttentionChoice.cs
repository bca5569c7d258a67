using Neoteny.Attention;
using Neoteny.Host.Plugins;
using TorchSharp;
using static TorchSharp.torch;

namespace Neoteny.Host.Composition;

/// <summary>Decides which attention kernel the layers of a model run on.</summary>
/// <param name="plugins">The plugins.</param>
/// <param name="layers">What each layer computes.</param>
/// <param name="demands">What the run needs besides.</param>
/// <param name="dtype">The dtype of the activations.</param>
/// <param name="device">Where they live.</param>
internal sealed class AttentionChoice(PluginSet plugins, IReadOnlyList<AttentionSpec> layers, AttentionFeatures demands, ScalarType dtype, Device device)
{
    private const string Key = "attn_implementation";
    private const string Reference = "eager";

    // Each is the fastest of those after it wherever it runs. How long the documents are decides within a kernel, row by row.
    private static readonly string[] OnCuda = ["flash_attention_3", "sdpa", "flex_attention", "xformers", Reference];
    private static readonly string[] Elsewhere = ["sdpa", Reference];
    private readonly AttentionFeatures all = layers.Aggregate(demands, (sum, layer) => sum | layer.Demands);

    /// <summary>The kernel named, or the first that can run the model.</summary>
    /// <param name="name">The name in the configuration; null for the host's choice.</param>
    /// <returns>The kernel, its name, why it was chosen, and a note where the choice costs speed.</returns>
    /// <exception cref="InputException">The kernel named cannot run the model.</exception>
    public (IAttention Kernel, string Name, string Why, string? Note) Of(string? name)
    {
        if (name is not null)
        {
            var named = plugins.Get<IAttention>(name, Key);
            return Refusal(named) is null ? (named, name, "the configuration names it", null) : throw Refused(name, named);
        }

        List<string> passed = [];
        foreach (var candidate in (device.type == DeviceType.CUDA ? OnCuda : Elsewhere).Intersect(plugins.Names<IAttention>()))
        {
            var kernel = plugins.Get<IAttention>(candidate, Key);
            if (Refusal(kernel) is not { } reason)
            {
                var why = passed.Count == 0 ? $"auto, the first choice for {dtype} on {device}" : $"auto, since {string.Join("; ", passed)}";
                var note = candidate == Reference && passed.Count > 0
                    ? $"attention: {string.Join("; ", passed)}. It runs with {Reference}, which is slower and takes memory by the square of the length." : null;
                return (kernel, candidate, why, note);
            }

            passed.Add($"{candidate} cannot run this model: {reason}");
        }

        throw new InputException($"{Key}: no installed kernel can run this model: {string.Join("; ", passed.DefaultIfEmpty("none is installed"))}.");
    }

    private string? Refusal(IAttention kernel)
        => (all & ~kernel.Supports) is not 0 and var missing ? $"it does not support {missing}" : layers.Select(l => kernel.Refuses(l, dtype, device)).FirstOrDefault(r => r is not null);

    private InputException Refused(string name, IAttention kernel)
    {
        List<string> able = [];
        foreach (var other in plugins.Names<IAttention>().Where(n => n != name))
        {
            try
            {
                if (Refusal(plugins.Get<IAttention>(other, Key)) is null)
                {
                    able.Add(other);
                }
            }
            catch (NeotenyException)
            {
                // A plugin that does not load is no remedy; it is reported where it is asked for.
            }
        }

        var remedy = able.Count == 0 ? "No other installed kernel can either." : $"Leave {Key} out, or write {Key}: {string.Join(" or ", able)}.";
        return new InputException($"{Key}: {name} cannot run this model on {device} in {dtype}: {Refusal(kernel)}. {remedy}");
    }
}

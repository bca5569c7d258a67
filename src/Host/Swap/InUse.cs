using Neoteny.Host.Composition;

namespace Neoteny.Host.Swap;

/// <summary>Which extensions of which plugin compute at the moment, read from a composition.</summary>
internal sealed class InUse(IReadOnlyList<CompositionEntry> composition)
{
    private static readonly Dictionary<string, string> Points = new()
    {
        ["attention"] = "attention",
        ["loss"] = "loss",
        ["override"] = "module",
        ["wrap"] = "module",
        ["adapt"] = "adapter",
        ["quantize"] = "quantizer",
        ["offload"] = "offload",
    };

    /// <summary>What computes attention or the loss.</summary>
    public ExtensionSource? Source(string stage) => composition.LastOrDefault(e => e.Stage == stage)?.Source;

    /// <summary>The name of the attention or loss in use, where it is of this plugin.</summary>
    public string? NameOf(string stage, string plugin) => Source(stage) is { } source && IsOf(source, plugin) ? source.Name : null;

    /// <summary>The names of a plugin in use, with their points.</summary>
    public IReadOnlyList<(string Point, string Name)> Of(string plugin) =>
        [.. composition.Where(e => IsOf(e.Source, plugin)).Select(e => (Points[e.Stage], e.Source.Name)).Distinct()];

    /// <summary>What computes, by its part in the run, for checkpoints.</summary>
    public static IReadOnlyDictionary<string, string> Describe(IReadOnlyList<CompositionEntry> composition)
    {
        var parts = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (stage, source) in composition.Select(e => (e.Stage, e.Source)))
        {
            var part = stage is "attention" or "loss" ? stage : $"{stage} {source.Name}";
            parts[part] = stage is "attention" or "loss" ? source.ToString() : $"{source.Plugin} {source.Version}";
        }

        return parts;
    }

    private static bool IsOf(ExtensionSource source, string plugin) => source.Plugin.Equals(plugin, StringComparison.OrdinalIgnoreCase);
}

using System.Globalization;

namespace Neoteny.Plugins.Lora;

/// <summary>Which layers to adapt, as PEFT's <c>layers_to_transform</c> and <c>layers_pattern</c> say.</summary>
/// <param name="Layers">Numbers of the layers from 0; empty for all.</param>
/// <param name="Patterns">Names of the lists that layers stand in; empty for any.</param>
internal sealed record LayerChoice(IReadOnlyList<int> Layers, IReadOnlyList<string> Patterns)
{
    public static LayerChoice All { get; } = new([], []);

    /// <summary>Whether a module path lies in a chosen layer.</summary>
    public bool Holds(string path)
    {
        if (Layers.Count == 0)
        {
            return true;
        }

        // PEFT looks for the last list with a number; a path outside all lists is in no layer.
        var lists = Patterns.Count > 0 ? Patterns : ["[^.]*"];
        var match = lists.Select(p => PythonPattern.Of($@"^.*\.(?:{p})\.(?<layer>[0-9]+)\.", "peft_layers_pattern").Match(path)).FirstOrDefault(m => m.Success);
        return match is not null && int.TryParse(match.Groups["layer"].Value, NumberStyles.None, CultureInfo.InvariantCulture, out var layer) && Layers.Contains(layer);
    }
}

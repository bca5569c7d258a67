using Neoteny.Models.Configuration;

namespace Neoteny.Models.Families;

/// <summary>The sliding window of each layer; 0 for layers that see every key.</summary>
internal static class LayerWindows
{
    private const string Sliding = "sliding_attention";

    /// <summary>Windows where <c>layer_types</c> names them, else where the family's rule does.</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="window">The window of the layers that have one; 0 for none.</param>
    /// <param name="slides">The family's rule, by layer.</param>
    /// <exception cref="InputException"><c>layer_types</c> has another length or names a type that is not supported.</exception>
    public static IReadOnlyList<int> Of(HuggingFaceConfig config, int window, Func<int, bool> slides)
        => [.. Sliders(config, slides).Select(s => s ? window : 0)];

    /// <summary>Qwen: no window unless <c>use_sliding_window</c>, then in the layers that the family's rule takes.</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="slides">The rule, by layer and <c>max_window_layers</c>; null for the layers from there up.</param>
    public static IReadOnlyList<int> OfQwen(HuggingFaceConfig config, Func<int, int, bool>? slides = null)
    {
        slides ??= (layer, border) => layer >= border;
        var window = config.Flag("use_sliding_window", false) ? config.IntegerOrOff("sliding_window", 4096) : 0;
        var border = config.Integer("max_window_layers", 28);
        return Of(config, window, i => slides(i, border));
    }

    /// <summary>Whether each layer slides, by <c>layer_types</c> or the family's rule.</summary>
    public static IReadOnlyList<bool> Sliders(HuggingFaceConfig config, Func<int, bool> slides)
    {
        var count = config.Size("num_hidden_layers");
        var types = config.Texts("layer_types");
        if (types.Count == 0)
        {
            return [.. Enumerable.Range(0, count).Select(slides)];
        }

        return types.Count == count && types.All(t => t is Sliding or "full_attention")
            ? [.. types.Select(t => t == Sliding)]
            : throw config.Wrong("layer_types", $"a list of {count} times {Sliding} or full_attention, one for each layer", config.Raw("layer_types"));
    }
}

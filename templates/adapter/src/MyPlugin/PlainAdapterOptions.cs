using Neoteny.Configuration;

namespace PluginNamespace;

/// <summary>The keys of this plugin in a configuration file.</summary>
[Options]
public sealed record PlainAdapterOptions
{
    /// <summary>Rank of A and B.</summary>
    [Key("my_plugin_r", Minimum = 1, Maximum = 4096, Default = "8", Summary = "Rank of the adapter's matrices.")]
    public int Rank { get; init; } = 8;

    /// <summary>Numerator of the factor on the delta.</summary>
    [Key("my_plugin_alpha", Minimum = 0, Default = "16", Summary = "The delta is multiplied by my_plugin_alpha / my_plugin_r.")]
    public double Alpha { get; init; } = 16;
}

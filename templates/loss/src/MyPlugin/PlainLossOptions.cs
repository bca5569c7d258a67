using Neoteny.Configuration;

namespace PluginNamespace;

/// <summary>The keys of this plugin in a configuration file.</summary>
[Options]
public sealed record PlainLossOptions
{
    /// <summary>Tokens whose logits exist at once.</summary>
    [Key("my_plugin_tokens", Minimum = 1, Maximum = 65536, Default = "128", Summary = "Tokens whose logits exist at once: more are faster, fewer take less memory.")]
    public int BlockTokens { get; init; } = 128;
}

using Neoteny.Configuration;

namespace ThirdParty.Attention;

/// <summary>The keys of this plugin in a configuration file.</summary>
[Options]
public sealed record BlockwiseOptions
{
    /// <summary>Keys whose scores exist at once.</summary>
    [Key("blockwise_keys", Minimum = 1, Maximum = 65536, Default = "128", Summary = "Keys whose scores exist at once: more are faster, fewer take less memory.")]
    public int BlockKeys { get; init; } = 128;
}

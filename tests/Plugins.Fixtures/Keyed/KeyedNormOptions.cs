using Neoteny.Configuration;

namespace Neoteny.Plugins.Keyed;

/// <summary>Keys that switch modules on.</summary>
[Options]
public sealed record KeyedNormOptions
{
    /// <summary>Both.</summary>
    [Key("keyed_norms", Activates = ["keyed_norm", "keyed_sleeve"], Default = "false", Summary = "Replace the last norm, and wrap it.")]
    public bool Norms { get; init; }

    /// <summary>The wrapper.</summary>
    [Key("keyed_sleeve_alone", Activates = ["keyed_sleeve"], Default = "false", Summary = "Wrap the last norm.")]
    public bool Sleeve { get; init; }
}

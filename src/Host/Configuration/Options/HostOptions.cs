using Neoteny.Configuration;

namespace Neoteny.Host.Configuration;

/// <summary>Keys that the host itself owns.</summary>
[Options]
internal sealed record HostOptions
{
    /// <summary>Plugins to load whether or not a key asks for them.</summary>
    [Key("plugins", Summary = "Plugins to load: Id, Id@1.2.0, Id@[1.0,2.0), a folder, or an assembly. Others load when a key asks for them.")]
    public IReadOnlyList<string> Plugins { get; init; } = [];
}

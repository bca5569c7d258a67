using Neoteny.Configuration;

namespace Neoteny.Host.Configuration;

/// <summary>Keys that the host itself owns.</summary>
[Options]
internal sealed record HostOptions
{
    /// <summary>Plugins to load whether or not a key asks for them.</summary>
    [Key("plugins", Summary = "Plugins to load: Id, Id@version, Id@[1.0,2.0), a folder, or an assembly. Keys and backend names load theirs by themselves.")]
    public IReadOnlyList<string> Plugins { get; init; } = [];
}

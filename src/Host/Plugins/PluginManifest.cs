using Neoteny.Host.Configuration;
using NuGet.Versioning;

namespace Neoteny.Host.Plugins;

/// <summary>What a plugin says about itself, read from its assembly's metadata: nothing was loaded for it.</summary>
/// <param name="Id">Its identity, compared without case.</param>
/// <param name="Version">The version of its package.</param>
/// <param name="AssemblyPath">Its main assembly.</param>
internal sealed record PluginManifest(string Id, NuGetVersion Version, string AssemblyPath)
{
    public string? Summary { get; init; }

    /// <summary>Its implementations of extension points, by name.</summary>
    public IReadOnlyList<ProvidedName> Provides { get; init; } = [];

    /// <summary>Its option records: keys owned and keys read.</summary>
    public IReadOnlyList<OptionsInfo> Options { get; init; } = [];

    /// <summary>The assemblies it was compiled against.</summary>
    public IReadOnlyList<(string Name, Version Version)> References { get; init; } = [];

    public IEnumerable<KeyInfo> Keys => Options.SelectMany(o => o.Owned);

    /// <summary>How messages call it: "Lora 0.1.0".</summary>
    public override string ToString() => $"{Id} {Version}";
}

using Neoteny.Host.Plugins;

namespace Neoteny.Host.Swap;

/// <summary>What is to be exchanged, decided from metadata.</summary>
internal sealed record SwapCandidate
{
    /// <summary>The plugin to load; null where one that is loaded already provides what is asked for.</summary>
    public InstalledPlugin? Load { get; init; }

    /// <summary>The version in use that <see cref="Load"/> takes the place of; null where it comes in anew.</summary>
    public LoadedPlugin? Replaces { get; init; }

    /// <summary>The attention kernel to put in place, by name; null to leave it.</summary>
    public string? Attention { get; init; }

    /// <summary>The loss to put in place, by name; null to leave it.</summary>
    public string? Loss { get; init; }

    /// <summary>The module override that takes part from now on, or no more; null to leave them.</summary>
    public (string Name, bool IsOn)? Module { get; init; }

    /// <summary>All versions on the search path, for the keys that they own.</summary>
    public required PluginCatalog Catalog { get; init; }

    /// <summary>What changes, for messages: <c>attention sdpa: Sdpa 1.0.0 -&gt; 1.1.0</c>.</summary>
    public required string Change { get; init; }
}

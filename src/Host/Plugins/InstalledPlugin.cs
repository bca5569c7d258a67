using Neoteny.Host.Configuration;

namespace Neoteny.Host.Plugins;

/// <summary>A plugin on the search path.</summary>
/// <param name="Path">Its version folder, or its assembly.</param>
/// <param name="Manifest">What it says about itself; null if that cannot be read.</param>
/// <param name="Status">What it is good for.</param>
/// <param name="Reason">Why it is not available; null if it is.</param>
internal sealed record InstalledPlugin(string Path, PluginManifest? Manifest, PluginStatus Status, string? Reason = null)
{
    /// <summary>Its id; for one that cannot be read, the name of the folder that should hold it.</summary>
    public string Id => Manifest?.Id ?? System.IO.Path.GetFileName(System.IO.Path.GetDirectoryName(Path)!);

    /// <summary>Its version; for one that cannot be read, the name of its folder.</summary>
    public string Version => Manifest?.Version.ToString() ?? System.IO.Path.GetFileName(Path);

    /// <summary>Whether it can be loaded.</summary>
    public bool IsUsable => Status is PluginStatus.Available or PluginStatus.Active or PluginStatus.Superseded;

    /// <summary>It as an owner of keys.</summary>
    public KeyOwner AsOwner() => new(ToString(), Manifest?.Options ?? []) { Fault = IsUsable ? null : Reason };

    public override string ToString() => $"{Id} {Version}";
}

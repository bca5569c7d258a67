using Neoteny.Host.Plugins;

namespace Neoteny.Host.Configuration;

/// <summary>What every configuration is read against: the host's own keys, what it shares with plugins, and where plugins are.</summary>
internal sealed record HostSetup(HostKeys Keys, SharedAssemblies Shared, IReadOnlyList<string> PluginFolders)
{
    /// <summary>The running program's.</summary>
    /// <param name="pluginFolders">Folders given on the command line.</param>
    /// <exception cref="InputException">A given folder does not exist.</exception>
    public static HostSetup Create(IEnumerable<string> pluginFolders) =>
        new(HostKeys.Read(), SharedAssemblies.OfHost(), Plugins.PluginFolders.Resolve(pluginFolders));

    /// <summary>Reads the manifests of all plugins.</summary>
    public PluginCatalog Discover() => PluginCatalog.Discover(PluginFolders, Shared, Keys.Spellings);
}

namespace Neoteny.Host.Plugins;

/// <summary>What a plugin on the search path is good for.</summary>
internal enum PluginStatus
{
    /// <summary>Can be loaded when a configuration asks for it.</summary>
    Available,

    /// <summary>Loaded for the configuration at hand.</summary>
    Active,

    /// <summary>A higher version of it is installed; named with its version it still loads.</summary>
    Superseded,

    /// <summary>Built for another version of the host.</summary>
    Incompatible,

    /// <summary>Broken in itself.</summary>
    Faulty,
}

using Microsoft.Extensions.Logging;

namespace Neoteny.Host.Plugins;

/// <summary>The logger factory in a plugin's container: its categories begin with the plugin's id.</summary>
internal sealed class PluginLoggerFactory(ILoggerFactory host, string pluginId) : ILoggerFactory
{
    public ILogger CreateLogger(string categoryName) => new PluginLogger(host.CreateLogger($"{pluginId}/{categoryName}"));

    public void AddProvider(ILoggerProvider provider) =>
        throw new NotSupportedException("A plugin logs through the host; it cannot add a provider.");

    public void Dispose()
    {
        // The host's factory outlives the plugin.
    }
}

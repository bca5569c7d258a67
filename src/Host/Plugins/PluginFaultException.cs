namespace Neoteny.Host.Plugins;

/// <summary>A plugin cannot be used; the message is the reason that goes with its status.</summary>
internal sealed class PluginFaultException(string reason, Exception? inner = null) : Exception(reason, inner);

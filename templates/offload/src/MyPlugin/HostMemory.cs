using Neoteny.Autograd;
using Neoteny.Modules;
using Neoteny.Offload;
using Neoteny.Parameters;
using Neoteny.Plugins;

namespace PluginNamespace;

/// <summary>Keeps saved activations and frozen weights in the host's memory, and brings them back when they are needed.</summary>
[Provides("my_plugin", Summary = "Saved activations and frozen weights in host memory.")]
public sealed class HostMemory : IOffload
{
    /// <inheritdoc/>
    public ISavedTensors? Saved { get; } = new HostStore();

    /// <inheritdoc/>
    public IWeightHome? Home(ModuleSite site, Parameter parameter) => parameter.Trains ? null : new HostHome();
}

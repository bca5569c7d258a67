using Microsoft.Extensions.DependencyInjection;

namespace Neoteny.Plugins;

/// <summary>Optional: adds services that scanning for <see cref="ProvidesAttribute"/> and options does not find.</summary>
/// <remarks>
/// The host creates the class with its parameterless constructor, once, before the plugin's container is built. The container is the
/// plugin's own; nothing registered here is visible to the host or to other plugins. An exception makes the plugin faulty.
/// </remarks>
public interface IPluginServices
{
    /// <summary>Registers services in the plugin's own container.</summary>
    void Configure(IServiceCollection services);
}

using System.Runtime.CompilerServices;
using Neoteny.Host.Configuration;

namespace Neoteny.Host.Plugins;

/// <summary>What a hot swap needs of the loaded plugins.</summary>
internal sealed partial class PluginSet
{
    /// <summary>Loads a plugin beside those in use and creates its extensions. It takes part in nothing before <see cref="Exchange"/>.</summary>
    /// <param name="plugin">A usable one.</param>
    /// <param name="why">What asks for it.</param>
    /// <param name="binder">Binds its options.</param>
    /// <exception cref="PluginFaultException">It cannot be loaded, or a constructor failed.</exception>
    public LoadedPlugin LoadBeside(InstalledPlugin plugin, string why, OptionsBinder binder)
    {
        var loaded = LoadedPlugin.Load(plugin, why, shadow.Value, shared, binder, logs);
        try
        {
            loaded.CreateExtensions();
            catalog.Add(plugin.Path);
            return loaded;
        }
        catch
        {
            loaded.Dispose();
            throw;
        }
    }

    /// <summary>Puts a plugin loaded beside in the place of another one, in whose order its extensions come; with null behind all.</summary>
    public void Exchange(LoadedPlugin? old, LoadedPlugin next)
    {
        if (old is null)
            plugins.Add(next);
        else
            plugins[plugins.IndexOf(old)] = next;
    }

    /// <summary>Takes a plugin out that was added last.</summary>
    public void Remove(LoadedPlugin plugin) => plugins.Remove(plugin);

    /// <summary>Frees a plugin that nobody uses any more.</summary>
    /// <returns>Its load context, which collections free.</returns>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public WeakReference Retire(LoadedPlugin plugin)
    {
        var context = plugin.ContextReference();
        plugins.Remove(plugin);
        catalog.MarkAvailable(plugin.Installed);
        plugin.Dispose();
        return context;
    }

    /// <summary>Marks a plugin as the one in use.</summary>
    public void MarkActive(LoadedPlugin plugin) => catalog.MarkActive(plugin.Installed);
}

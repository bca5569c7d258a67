using Microsoft.Extensions.Logging;
using Neoteny.Host.Configuration;
using Neoteny.Losses;

namespace Neoteny.Host.Plugins;

/// <summary>Loads what a configuration asks for and lets it go again, so that the catalog says which plugins are active and which fail.</summary>
internal static class PluginTrial
{
    /// <summary>Marks plugins as active, or as faulty with the reason.</summary>
    /// <param name="catalog">Where they are listed.</param>
    /// <param name="file">The configuration; keys of the host are not checked.</param>
    /// <param name="setup">The host's keys and shared assemblies.</param>
    /// <param name="logs">Where the plugins log.</param>
    /// <exception cref="InputException">A plugin asked for cannot be had, two contradict each other, or one does not take its options.</exception>
    public static void Run(PluginCatalog catalog, RunFile file, HostSetup setup, ILoggerFactory logs)
    {
        var selections = new PluginSelector(catalog, file).Select(setup.Keys.Owner);
        file.Problems.ThrowIfAny();
        var binder = new OptionsBinder(file, new KeyTable(RunContext.Owners(setup.Keys.Owner, catalog, [.. selections.Select(s => s.Plugin)])));
        using var plugins = new PluginSet(catalog, setup.Shared, binder, logs);
        foreach (var selection in selections)
            Try(() => plugins.Load(selection.Plugin, selection.Why));
        foreach (var key in plugins.Plugins.SelectMany(p => p.Manifest.Keys))
            KeyChecker.CheckRequired(key, file);
        var loss = LossWishes.Choose(file, binder, plugins.Plugins).Name;
        file.Problems.ThrowIfAny();
        if (plugins.Names<ILoss>().Contains(loss))
            Try(() => plugins.Get<ILoss>(loss, LossWishes.Key));
        foreach (var plugin in plugins.Plugins)
            Try(() => plugins.CreateExtensions(plugin));
    }

    /// <summary>Of a plugin that fails the catalog has the reason by now.</summary>
    private static void Try(Action use)
    {
        try
        {
            use();
        }
        catch (NeotenyException e) when (e is not InputException)
        {
        }
    }
}

using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using Neoteny.Conformance;
using Neoteny.Host.Configuration;

namespace Neoteny.Host.Plugins;

/// <summary>An extension with where it comes from.</summary>
/// <typeparam name="TPoint">The extension point.</typeparam>
internal sealed record ProvidedExtension<TPoint>(string Plugin, string Version, string Name, TPoint Instance);

/// <summary>The plugins loaded for a run.</summary>
internal sealed partial class PluginSet : IDisposable
{
    private readonly PluginCatalog catalog;
    private readonly SharedAssemblies shared;
    private readonly OptionsBinder binder;
    private readonly ILoggerFactory logs;
    private readonly ILogger log;
    private readonly Lazy<ShadowFolder> shadow = new(() => new ShadowFolder());
    private readonly List<LoadedPlugin> plugins = [];

    public PluginSet(PluginCatalog catalog, SharedAssemblies shared, OptionsBinder binder, ILoggerFactory logs)
    {
        this.catalog = catalog;
        this.shared = shared;
        this.binder = binder;
        this.logs = logs;
        log = logs.CreateLogger<PluginSet>();
    }

    /// <summary>The loaded plugins, in the order of loading.</summary>
    public IReadOnlyList<LoadedPlugin> Plugins => plugins;

    /// <summary>Loads a plugin.</summary>
    /// <param name="plugin">A usable one.</param>
    /// <param name="why">What asks for it.</param>
    /// <exception cref="NeotenyException">It cannot be loaded, or it provides what another loaded one provides.</exception>
    public LoadedPlugin Load(InstalledPlugin plugin, string why) => Load(plugin, why, binder);

    /// <summary>Creates every extension of every loaded plugin, so that a faulty one shows before the run begins.</summary>
    /// <exception cref="NeotenyException">A constructor failed.</exception>
    public void CreateExtensions()
    {
        foreach (var plugin in plugins)
            CreateExtensions(plugin);
    }

    /// <summary>Creates every extension of a loaded plugin.</summary>
    /// <exception cref="NeotenyException">A constructor failed.</exception>
    public void CreateExtensions(LoadedPlugin plugin) => Guard(plugin, p => { p.CreateExtensions(); return true; });

    /// <summary>The extension of that name. A plugin that provides it and is not loaded yet is loaded.</summary>
    /// <typeparam name="TPoint">The extension point.</typeparam>
    /// <param name="name">The name in configuration files.</param>
    /// <param name="key">The key that asks for it, for messages.</param>
    /// <exception cref="InputException">Nothing installed provides it.</exception>
    /// <exception cref="NeotenyException">The plugin that provides it fails.</exception>
    public TPoint Get<TPoint>(string name, string? key = null)
        where TPoint : class
    {
        var plugin = plugins.Find(p => Provides(p.Manifest, typeof(TPoint), name)) ?? LoadProvider(typeof(TPoint), name, key);
        return Guard(plugin, p => (TPoint)p.Extension(typeof(TPoint), name));
    }

    /// <summary>The names under which installed plugins provide a point, loaded or not.</summary>
    /// <typeparam name="TPoint">The extension point.</typeparam>
    public IReadOnlyList<string> Names<TPoint>() => catalog.Names(p => p.Point == typeof(TPoint).FullName);

    /// <summary>Every extension of a point that the loaded plugins provide and that takes part in the run.</summary>
    /// <typeparam name="TPoint">The extension point.</typeparam>
    public IEnumerable<ProvidedExtension<TPoint>> Active<TPoint>()
        where TPoint : class => All<TPoint>().Where(e => Loaded(e.Plugin)!.IsActive(e.Name));

    /// <summary>Every extension of a point that the loaded plugins provide.</summary>
    /// <typeparam name="TPoint">The extension point.</typeparam>
    public IEnumerable<ProvidedExtension<TPoint>> All<TPoint>()
        where TPoint : class =>
        from plugin in plugins
        from provided in plugin.Manifest.Provides
        where provided.Point == typeof(TPoint).FullName
        let instance = Guard(plugin, p => (TPoint)p.Extension(typeof(TPoint), provided.Name))
        select new ProvidedExtension<TPoint>(plugin.Manifest.Id, plugin.Manifest.Version.ToString(), provided.Name, instance);

    /// <summary>Unloads a plugin that nobody holds an instance of, and reports whether its load context was freed.</summary>
    /// <param name="id">The plugin's id.</param>
    public bool Unload(string id)
    {
        var isFreed = Unloading.IsFreed(Release(id));
        if (!isFreed)
            log.LogWarning("Plugin {Plugin} is unloaded, but something still refers to it: its memory is not freed", id);
        return isFreed;
    }

    public void Dispose()
    {
        foreach (var plugin in plugins)
            plugin.Dispose();
        plugins.Clear();
        if (shadow.IsValueCreated)
            shadow.Value.Dispose();
    }

    /// <summary>Not inlined, so that no register or stack slot of the caller holds on to the plugin.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private WeakReference Release(string id)
    {
        var plugin = Loaded(id) ?? throw new NeotenyException($"The plugin '{id}' is not loaded.");
        var context = plugin.ContextReference();
        plugins.Remove(plugin);
        catalog.MarkAvailable(plugin.Installed);
        plugin.Dispose();
        return context;
    }

    private LoadedPlugin Load(InstalledPlugin plugin, string why, OptionsBinder options)
    {
        if (Loaded(plugin.Id) is { } already)
            return already;
        RefuseDuplicates(plugin);
        LoadedPlugin loaded;
        try
        {
            loaded = LoadedPlugin.Load(plugin, why, shadow.Value, shared, options, logs);
        }
        catch (PluginFaultException e)
        {
            throw Faulty(plugin, e);
        }
        plugins.Add(loaded);
        catalog.MarkActive(plugin);
        log.LogInformation("Plugin {Plugin}: {Why}", plugin, why);
        if (HazardCheck.Of(plugin.Manifest!) is { Count: > 0 } hazards)
            log.LogWarning("Plugin {Plugin} uses what can crash the process: {Hazards}", plugin, string.Join("; ", hazards));
        return loaded;
    }

    /// <summary>Loads a plugin for a name after the file was checked: what it says of the file ends the run here.</summary>
    private LoadedPlugin LoadLate(InstalledPlugin plugin, string why)
    {
        var options = binder.Anew();
        var problems = options.File.Problems;
        foreach (var key in plugin.Manifest!.Keys)
            KeyChecker.CheckRequired(key, options.File);
        var loaded = Load(plugin, why, options);
        foreach (var warning in problems.Warnings)
            log.LogWarning("{Problem}", warning);
        if (problems.HasErrors)
            Release(plugin.Id);
        problems.ThrowIfAny();
        return loaded;
    }

    private LoadedPlugin? Loaded(string id) => plugins.Find(p => p.Manifest.Id.Equals(id, StringComparison.OrdinalIgnoreCase));

    private LoadedPlugin LoadProvider(Type point, string name, string? key)
    {
        var label = ProvidedName.Label(point.FullName!);
        var providers = catalog.List().Where(p => p.Status == PluginStatus.Available && Loaded(p.Id) is null && Provides(p.Manifest!, point, name)).ToList();
        var what = $"{label} '{name}'";
        var where = key is null ? "" : $"{key}: ";
        switch (providers.Count)
        {
            case 1:
                return LoadLate(providers[0], $"it provides {what}");
            case 0:
                var names = catalog.NamesOf(p => p.Point == point.FullName);
                var reason = catalog.OfAnotherVersion(plugins.Select(p => p.Installed), what, p => p.Point == point.FullName && p.Name == name);
                throw new InputException(where + (reason ?? $"no installed plugin provides {what}; installed: {names}"));
            default:
                var both = string.Join(" and ", providers);
                throw new InputException($"{where}{both} both provide {what}; name the one you mean under 'plugins'");
        }
    }

    private void RefuseDuplicates(InstalledPlugin plugin)
    {
        foreach (var provided in plugin.Manifest!.Provides)
        {
            if (plugins.Find(p => p.Manifest.Provides.Any(o => o.Point == provided.Point && o.Name == provided.Name)) is not { } other)
                continue;
            var what = $"{provided.PointLabel} '{provided.Name}'";
            throw new InputException($"{other.Manifest} and {plugin} both provide {what}; use only one of them in a run");
        }
    }

    private T Guard<T>(LoadedPlugin plugin, Func<LoadedPlugin, T> use)
    {
        try
        {
            return use(plugin);
        }
        catch (PluginFaultException e)
        {
            throw Faulty(plugin.Installed, e);
        }
    }

    private NeotenyException Faulty(InstalledPlugin plugin, PluginFaultException fault)
    {
        catalog.MarkFaulty(plugin, fault.Message);
        return new NeotenyException($"The plugin {plugin} cannot be used: {fault.Message}");
    }

    private static bool Provides(PluginManifest manifest, Type point, string name) =>
        manifest.Provides.Any(p => p.Point == point.FullName && p.Name == name);
}

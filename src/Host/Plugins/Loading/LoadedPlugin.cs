using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.Loader;
using McMaster.NETCore.Plugins;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Neoteny.Host.Configuration;

namespace Neoteny.Host.Plugins;

/// <summary>A plugin in its own load context, with its own container.</summary>
/// <remarks>
/// Whoever holds an instance of it must let go before <see cref="Dispose"/> can free the context. The loader is referenced from here for
/// as long as anything of the plugin is in use: a collected loader takes the context's assembly resolution with it.
/// </remarks>
internal sealed class LoadedPlugin : IDisposable
{
    private readonly PluginLoader loader;
    private readonly ServiceProvider services;

    private LoadedPlugin(InstalledPlugin installed, PluginLoader loader, ServiceProvider services, IReadOnlyList<object> options)
    {
        Installed = installed;
        this.loader = loader;
        this.services = services;
        Options = options;
    }

    /// <summary>Where it comes from.</summary>
    public InstalledPlugin Installed { get; }

    /// <summary>What asked for it, as the log says it.</summary>
    public required string Why { get; init; }

    public PluginManifest Manifest => Installed.Manifest!;

    /// <summary>Its bound option records, in the manifest's order.</summary>
    public IReadOnlyList<object> Options { get; }

    /// <summary>Loads a plugin from a copy, binds its options and builds its container. None of its extensions is created yet.</summary>
    /// <exception cref="PluginFaultException">It cannot be loaded, or its own registration failed.</exception>
    public static LoadedPlugin Load(
        InstalledPlugin installed, string why, ShadowFolder shadow, SharedAssemblies shared, OptionsBinder binder, ILoggerFactory logs)
    {
        var manifest = installed.Manifest!;
        var config = new PluginConfig(shadow.Copy(manifest.AssemblyPath)) { IsUnloadable = true, IsLazyLoaded = true };
        foreach (var name in shared.Names)
            config.SharedAssemblies.Add(new AssemblyName(name));
        var loader = new PluginLoader(config);
        try
        {
            var assembly = loader.LoadDefaultAssembly();
            _ = assembly.GetTypes(); // Scrutor swallows the exception that says what cannot be loaded
            var options = manifest.Options.Select(o => binder.Bind(assembly.GetType(o.TypeName, throwOnError: true)!, o)).ToList();
            return new LoadedPlugin(installed, loader, PluginContainer.Build(assembly, manifest, options, logs), options) { Why = why };
        }
        catch (Exception e)
        {
            // The texts are taken now: the exception may be of the plugin's own type.
            var reason = Reasons.Of(e);
            loader.Dispose();
            throw new PluginFaultException(reason);
        }
    }

    /// <summary>The module overrides that it provides, by name.</summary>
    public IEnumerable<string> Modules => Manifest.Provides.Where(p => p.PointLabel == "module").Select(p => p.Name);

    /// <summary>Whether an extension takes part in the run: no key activates it, or one that does is true, or a swap switched it on.</summary>
    public bool IsActive(string name)
    {
        if (Switched.TryGetValue(name, out var isOn))
            return isOn;
        var keys = Keys().Where(k => k.Key.Activates.Contains(name)).ToList();
        return keys.Count == 0 || keys.Exists(k => IsTrue(k.Record, k.Key));
    }

    /// <summary>The keys that activate something and are true, by default or in the file.</summary>
    public IEnumerable<KeyInfo> ActivatingKeys => Keys().Where(k => k.Key.Activates.Count > 0 && IsTrue(k.Record, k.Key)).Select(k => k.Key);

    /// <summary>The module overrides that swaps switched on and off, whatever the keys say.</summary>
    public IReadOnlyDictionary<string, bool> Switched { get; set; } = new Dictionary<string, bool>();

    /// <summary>Creates the extension of that name, or returns it if it exists.</summary>
    /// <exception cref="PluginFaultException">Its constructor failed.</exception>
    public object Extension(Type point, string name)
    {
        try
        {
            return services.GetRequiredKeyedService(point, name);
        }
        catch (Exception e)
        {
            throw new PluginFaultException($"creating {ProvidedName.Label(point.FullName!)} '{name}' failed: {Reasons.Of(e)}");
        }
    }

    /// <summary>Its main assembly.</summary>
    public Assembly Assembly => loader.LoadDefaultAssembly();

    /// <summary>Creates a further instance of an extension, beside the one that runs use.</summary>
    public object CreateFresh(ProvidedName provided) => ActivatorUtilities.CreateInstance(services, Assembly.GetType(provided.TypeName, throwOnError: true)!);

    /// <summary>Creates every extension, so that a faulty constructor shows before the run begins.</summary>
    /// <exception cref="PluginFaultException">A constructor failed.</exception>
    public void CreateExtensions()
    {
        foreach (var provided in Manifest.Provides)
            Extension(PointType(provided.Point), provided.Name);
    }

    /// <summary>Its load context, for checking later whether it died.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public WeakReference ContextReference() =>
        new(AssemblyLoadContext.GetLoadContext(loader.LoadDefaultAssembly()), trackResurrection: true);

    public void Dispose()
    {
        services.Dispose();
        loader.Dispose();
    }

    private IEnumerable<(object Record, KeyInfo Key)> Keys() => Manifest.Options.Zip(Options).SelectMany(o => o.First.Owned.Select(k => (o.Second, k)));

    private static bool IsTrue(object record, KeyInfo key) => record.GetType().GetProperty(key.Property)!.GetValue(record) is true;

    /// <summary>The interface of an extension point.</summary>
    public static Type PointType(string fullName) => AssemblyLoadContext.Default.Assemblies
        .Select(a => a.IsDynamic ? null : a.GetType(fullName, throwOnError: false))
        .First(t => t is not null)!;
}

using Microsoft.Extensions.Logging;
using Neoteny.Host.Plugins;

namespace Neoteny.Host.Configuration;

/// <summary>A configuration file that was found to be in order, its options bound and its plugins loaded.</summary>
internal sealed class RunContext : IDisposable
{
    private readonly IReadOnlyDictionary<Type, object> options;

    private RunContext(RunFile file, HostSetup setup, KeyTable keys, PluginCatalog catalog, PluginSet plugins, IReadOnlyDictionary<Type, object> options, ChosenLoss loss)
    {
        Loss = loss;
        File = file;
        Setup = setup;
        Keys = keys;
        Catalog = catalog;
        Plugins = plugins;
        this.options = options;
    }

    public RunFile File { get; }

    /// <summary>What the file was read against.</summary>
    public HostSetup Setup { get; }

    /// <summary>Who owns which key.</summary>
    public KeyTable Keys { get; }

    public PluginCatalog Catalog { get; }

    public PluginSet Plugins { get; }

    /// <summary>The loss that the file asks for.</summary>
    public ChosenLoss Loss { get; }

    /// <summary>The bound option records: the host's, then those of each loaded plugin.</summary>
    public IEnumerable<object> AllOptions => options.Values.Concat(Plugins.Plugins.SelectMany(p => p.Options));

    /// <summary>Reads and checks a file, binds the options and loads the plugins it asks for.</summary>
    /// <exception cref="InputException">The file has problems: the message lists all of them.</exception>
    /// <exception cref="NeotenyException">A plugin it asks for cannot be loaded.</exception>
    public static RunContext Open(string path, HostSetup setup, ILoggerFactory logs) => Open(RunFile.Load(path), setup, logs);

    /// <inheritdoc cref="Open(string, HostSetup, ILoggerFactory)"/>
    public static RunContext Open(RunFile file, HostSetup setup, ILoggerFactory logs)
    {
        file.Problems.ThrowIfAny();
        var catalog = setup.Discover();
        var selections = new PluginSelector(catalog, file).Select(setup.Keys.Owner);
        var keys = new KeyTable(Owners(setup.Keys.Owner, catalog, [.. selections.Select(s => s.Plugin)]));
        new KeyChecker(keys).Check(file, [.. selections.Where(s => s.IsNamed).Select(s => s.Plugin.ToString())]);
        foreach (var key in selections.SelectMany(s => s.Plugin.Manifest!.Keys))
            KeyChecker.CheckRequired(key, file);
        var binder = new OptionsBinder(file, keys);
        var options = setup.Keys.Bind(binder);
        file.Problems.ThrowIfAny();

        var plugins = new PluginSet(catalog, setup.Shared, binder, logs);
        ChosenLoss loss;
        try
        {
            foreach (var selection in selections)
                plugins.Load(selection.Plugin, selection.Why);
            loss = LossWishes.Choose(file, binder, plugins.Plugins);
            file.Problems.ThrowIfAny();
        }
        catch
        {
            plugins.Dispose();
            throw;
        }
        var log = logs.CreateLogger<RunContext>();
        foreach (var warning in file.Problems.Warnings)
            log.LogWarning("{Problem}", warning);
        return new RunContext(file, setup, keys, catalog, plugins, options, loss);
    }

    /// <summary>The bound record of the host's own option type.</summary>
    /// <typeparam name="T">A record marked with <see cref="Neoteny.Configuration.OptionsAttribute"/> in Host, Models or Training.</typeparam>
    public T Options<T>()
        where T : class => (T)options[typeof(T)];

    public void Dispose() => Plugins.Dispose();

    /// <summary>The host, and one version of every plugin: the one selected, else the highest that can be used, else the highest.</summary>
    public static IEnumerable<KeyOwner> Owners(KeyOwner host, PluginCatalog catalog, IReadOnlyList<InstalledPlugin> chosen)
    {
        yield return host;
        foreach (var id in catalog.List().Select(p => p.Id).Distinct(StringComparer.OrdinalIgnoreCase))
        {
            var versions = catalog.OfId(id).ToList();
            var selected = chosen.FirstOrDefault(p => p.Id.Equals(id, StringComparison.OrdinalIgnoreCase));
            yield return (selected ?? versions.Find(p => p.IsUsable) ?? versions[0]).AsOwner();
        }
    }
}

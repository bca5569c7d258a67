using Neoteny.Host.Configuration;

namespace Neoteny.Host.Plugins;

/// <summary>Every plugin on the search path with its status. Made from metadata: nothing is loaded.</summary>
internal sealed class PluginCatalog
{
    private readonly ManifestReader manifests;
    private readonly Preflight preflight;
    private readonly List<InstalledPlugin> plugins = [];

    private PluginCatalog(IReadOnlyList<string> folders, SharedAssemblies shared, IReadOnlySet<string> hostKeys)
    {
        Folders = folders;
        manifests = new ManifestReader(shared);
        preflight = new Preflight(shared, hostKeys);
    }

    /// <summary>The folders searched, the first one preferred between equal versions.</summary>
    public IReadOnlyList<string> Folders { get; }

    /// <summary>Every plugin found, ordered by id, the highest version first.</summary>
    public IReadOnlyList<InstalledPlugin> List() =>
        [.. plugins.OrderBy(p => p.Id, StringComparer.OrdinalIgnoreCase).ThenByDescending(p => p.Manifest?.Version)];

    /// <summary>Reads the manifests of every plugin in the folders: <c>Id/Version/</c> in each.</summary>
    /// <param name="folders">The search path; folders that do not exist are skipped.</param>
    /// <param name="shared">What the host shares with plugins.</param>
    /// <param name="hostKeys">The keys that no plugin may claim.</param>
    public static PluginCatalog Discover(IReadOnlyList<string> folders, SharedAssemblies shared, IReadOnlySet<string> hostKeys)
    {
        var catalog = new PluginCatalog(folders, shared, hostKeys);
        var versions = folders.Where(Directory.Exists).SelectMany(Below).SelectMany(Below);
        catalog.plugins.AddRange(versions.Where(v => Directory.EnumerateFiles(v).Any()).Select(catalog.Read));
        catalog.CheckReads(hostKeys);
        catalog.Supersede();
        return catalog;
    }

    /// <summary>Reads the plugin in one folder or assembly file and adds it to the catalog.</summary>
    public InstalledPlugin Add(string path)
    {
        var plugin = plugins.Find(p => p.Path == path);
        if (plugin is null)
            plugins.Add(plugin = Read(path));
        return plugin;
    }

    /// <summary>The highest usable version that a reference accepts.</summary>
    public InstalledPlugin? Find(PluginReference reference) => OfId(reference.Id!)
        .FirstOrDefault(p => p.IsUsable && (reference.Range is null || reference.Range.Satisfies(p.Manifest!.Version)));

    /// <summary>All versions of a plugin, the highest first; between equal ones the earlier folder first.</summary>
    public IEnumerable<InstalledPlugin> OfId(string id) =>
        plugins.Where(p => PluginIds.Matches(p.Id, id)).OrderByDescending(p => p.Manifest?.Version);

    /// <summary>The names under which usable plugins provide a point, for messages: "eager, sdpa", or "none".</summary>
    public string NamesOf(Func<ProvidedName, bool> isOfPoint) => string.Join(", ", Names(isOfPoint).DefaultIfEmpty("none"));

    /// <summary>The names that usable plugins provide, in order.</summary>
    /// <param name="isOfPoint">Which ones.</param>
    public IReadOnlyList<string> Names(Func<ProvidedName, bool> isOfPoint) =>
        [.. plugins.Where(p => p.IsUsable).SelectMany(p => p.Manifest!.Provides).Where(isOfPoint).Select(p => p.Name).Distinct().Order(StringComparer.Ordinal)];

    /// <summary>Why a name cannot be had although it is installed: only another version provides it than the one in use. Null for a name of which that is not so.</summary>
    /// <param name="used">The versions in use.</param>
    /// <param name="what">The name as messages call it: "loss 'cce'".</param>
    /// <param name="isMeant">Whether it is the name.</param>
    public string? OfAnotherVersion(IEnumerable<InstalledPlugin> used, string what, Func<ProvidedName, bool> isMeant) => (
        from version in used
        let other = OfId(version.Id).FirstOrDefault(p => p.IsUsable && p.Manifest!.Provides.Any(isMeant))
        where other is not null
        select $"{version} does not provide {what}, and {other} does; name that version under 'plugins'").FirstOrDefault();

    /// <summary>Marks a plugin as loaded for the configuration at hand.</summary>
    public void MarkActive(InstalledPlugin plugin) => Mark(plugin, PluginStatus.Active, null);

    /// <summary>Marks a plugin as no longer loaded.</summary>
    public void MarkAvailable(InstalledPlugin plugin) => Mark(plugin, PluginStatus.Available, null);

    /// <summary>Marks a plugin as one that failed at loading.</summary>
    public void MarkFaulty(InstalledPlugin plugin, string reason) => Mark(plugin, PluginStatus.Faulty, reason);

    /// <summary>The folders in a folder but those that begin with a dot: there installations are being unpacked.</summary>
    private static IEnumerable<string> Below(string folder) => Directory.GetDirectories(folder).Where(f => !Path.GetFileName(f).StartsWith('.'));

    private void Mark(InstalledPlugin plugin, PluginStatus status, string? reason)
    {
        var index = plugins.FindIndex(p => p.Path == plugin.Path);
        plugins[index] = plugins[index] with { Status = status, Reason = reason };
    }

    private InstalledPlugin Read(string path)
    {
        try
        {
            return preflight.Check(path, manifests.Read(path));
        }
        catch (PluginFaultException e)
        {
            return new InstalledPlugin(path, null, PluginStatus.Faulty, e.Message);
        }
    }

    private void CheckReads(IReadOnlySet<string> hostKeys)
    {
        var owned = plugins.SelectMany(p => p.Manifest?.Keys ?? []).Select(k => k.Name).Concat(hostKeys).ToHashSet();
        for (var i = 0; i < plugins.Count; i++)
        {
            var unowned = plugins[i].Manifest?.Options.SelectMany(o => o.Read).FirstOrDefault(k => !owned.Contains(k.Name));
            if (unowned is not null && plugins[i].IsUsable)
            {
                var reason = $"it reads the key '{unowned.Name}', which neither Neoteny nor an installed plugin owns";
                plugins[i] = plugins[i] with { Status = PluginStatus.Incompatible, Reason = reason };
            }
        }
    }

    private void Supersede()
    {
        foreach (var id in plugins.Select(p => p.Id).Distinct(StringComparer.OrdinalIgnoreCase).ToList())
        {
            var usable = OfId(id).Where(p => p.IsUsable).ToList();
            foreach (var lower in usable.Skip(1))
            {
                var reason = lower.Version == usable[0].Version ? $"the same version is in {usable[0].Path}" : $"{usable[0].Version} is installed";
                plugins[plugins.IndexOf(lower)] = lower with { Status = PluginStatus.Superseded, Reason = reason };
            }
        }
    }
}

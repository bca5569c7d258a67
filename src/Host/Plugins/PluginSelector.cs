using Neoteny.Host.Configuration;

namespace Neoteny.Host.Plugins;

/// <summary>Finds the plugins that a configuration asks for: by name, by a key that they own, by a name that they provide.</summary>
internal sealed class PluginSelector(PluginCatalog catalog, RunFile file)
{
    private readonly List<Selection> selections = [];

    /// <summary>The plugins asked for; those that cannot be had are problems of the file.</summary>
    public IReadOnlyList<Selection> Select(KeyOwner host)
    {
        foreach (var reference in References())
            SelectNamed(reference);
        foreach (var entry in file.Root.Entries.Where(e => e.IsSet && !host.Keys.Any(k => k.Spellings.Contains(e.Key))))
            SelectByKey(entry);
        var keys = host.Keys.Concat(Usable().SelectMany(p => p.Manifest!.Keys)).Select(k => k.Name).ToHashSet();
        foreach (var demand in BackendKeys.Demands(file).Where(d => keys.Contains(d.Key)))
            SelectByName(demand);
        return selections;
    }

    /// <summary>The plugins that the file names under <c>plugins:</c>, as it names them.</summary>
    public IEnumerable<PluginReference> References()
    {
        var nodes = file.Root.Find("plugins")?.Value switch
        {
            ListNode list => list.Items.OfType<ScalarNode>().Where(s => !s.IsUnset),
            ScalarNode single => [single],
            _ => [],
        };
        foreach (var node in nodes)
        {
            if (!AxolotlPlugins.IsDotted(node.Text))
            {
                if (PluginReference.Parse(node, file) is { } reference)
                    yield return reference;
            }
            else if (AxolotlPlugins.Find(node.Text) is { } ids)
            {
                foreach (var id in ids)
                    yield return new PluginReference(node.Text, node.Place, id, null, null);
            }
            else
            {
                file.Problems.Add(node.Place, $"plugins: Neoteny has no counterpart of Axolotl's plugin '{node.Text}'; remove it (known: {string.Join(", ", AxolotlPlugins.Names)})");
            }
        }
    }

    private void SelectNamed(PluginReference reference)
    {
        if (reference.Path is { } path)
        {
            if (!Path.Exists(path))
                file.Problems.Add(reference.Place, $"plugins: there is nothing at {path}");
            else if (catalog.Add(path) is { IsUsable: true } found)
                Add(found, "named under 'plugins'", isNamed: true);
            else
                file.Problems.Add(reference.Place, $"plugins: the plugin at {path} cannot be used: {catalog.Add(path).Reason}");
        }
        else if (catalog.Find(reference) is { } plugin)
            Add(plugin, "named under 'plugins'", isNamed: true);
        else
            file.Problems.Add(reference.Place, $"plugins: {WhyNot(reference)}");
    }

    private string WhyNot(PluginReference reference)
    {
        var versions = catalog.OfId(reference.Id!).ToList();
        if (versions.Where(v => v.IsUsable).ToList() is { Count: > 0 } usable)
        {
            var installed = string.Join(", ", usable.Select(v => v.Version));
            return $"no installed version of {usable[0].Id} satisfies '{reference.Text}'; installed: {installed}";
        }
        if (versions.Count > 0)
            return $"{versions[0]} cannot be used: {versions[0].Reason}";
        var ids = catalog.List().Where(p => p.IsUsable).Select(p => p.Id).Distinct(StringComparer.OrdinalIgnoreCase).ToList();
        var searched = $"(searched {string.Join(", ", catalog.Folders)})";
        if (AxolotlPlugins.IsDotted(reference.Text))
            return $"'{reference.Text}' stands for the plugin {reference.Id}, which is not installed; install it: neoteny plugins install {reference.Id} {searched}";
        return Nearest.To(reference.Id!, ids) is { } nearest
            ? $"the plugin '{reference.Id}' is not installed; did you mean '{nearest}'? {searched}"
            : $"the plugin '{reference.Id}' is not installed; installed: {string.Join(", ", ids.DefaultIfEmpty("none"))}; another one is installed with: neoteny plugins install {reference.Id} {searched}";
    }

    private void SelectByKey(Entry entry)
    {
        var owners = Usable().Where(p => p.Manifest!.Keys.Any(k => k.Spellings.Contains(entry.Key))).ToList();
        if (owners.Count > 0 && !owners.Any(IsSelected))
            Add(owners[0], $"'{entry.Key}' is its key", isNamed: false);
    }

    private void SelectByName(BackendDemand demand)
    {
        var providers = Providers(Usable(), demand.PointLabel, demand.Name).ToList();
        if (providers.Any(IsSelected))
            return;
        var what = $"{demand.PointLabel} '{demand.Name}'";
        if (providers.Count == 1)
        {
            Add(providers[0], $"it provides {what}", isNamed: false);
            return;
        }
        var names = catalog.NamesOf(p => p.PointLabel == demand.PointLabel);
        var reason = providers.Count > 0
            ? $"{string.Join(" and ", providers)} both provide {what}; name the one you mean under 'plugins'"
            : catalog.OfAnotherVersion(selections.Select(s => s.Plugin), what, p => p.PointLabel == demand.PointLabel && p.Name == demand.Name)
                ?? $"no installed plugin provides {what}; installed: {names}";
        file.Problems.Add(demand.Place, $"{demand.Key}: {reason}");
    }

    /// <summary>What can still be chosen: every plugin's selected version, or its highest.</summary>
    private IEnumerable<InstalledPlugin> Usable() => catalog.List()
        .Where(p => IsSelected(p) || (p.Status == PluginStatus.Available && !IsOtherVersionSelected(p)));

    private bool IsOtherVersionSelected(InstalledPlugin plugin) =>
        selections.Any(s => s.Plugin.Id.Equals(plugin.Id, StringComparison.OrdinalIgnoreCase));

    private static IEnumerable<InstalledPlugin> Providers(IEnumerable<InstalledPlugin> plugins, string point, string name) =>
        plugins.Where(p => p.Manifest!.Provides.Any(n => n.PointLabel == point && n.Name == name));

    private bool IsSelected(InstalledPlugin plugin) => selections.Any(s => s.Plugin.Path == plugin.Path);

    private void Add(InstalledPlugin plugin, string why, bool isNamed)
    {
        if (!IsSelected(plugin))
            selections.Add(new Selection(plugin, why, isNamed));
    }
}

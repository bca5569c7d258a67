using Neoteny.Host.Configuration;
using Neoteny.Host.Plugins;
using Neoteny.Host.Runs;

namespace Neoteny.Host.Swap;

/// <summary>Finds what a wish means among the plugins on the search path, and refuses from metadata what cannot be.</summary>
/// <remarks>The unit of a swap is the plugin, since types of two versions never match: all its active extensions go at once or none.</remarks>
internal sealed class SwapResolver(RunContext run, ModelSession session)
{
    /// <summary>What to exchange for a wish.</summary>
    /// <exception cref="SwapRefusedException">It cannot be, or need not be.</exception>
    public SwapCandidate Find(SwapTarget target)
    {
        var catalog = run.Setup.Discover();
        return target switch
        {
            FolderTarget folder => OfFolder(catalog, folder.Path),
            PluginTarget plugin => OfPlugin(catalog, plugin),
            NameTarget { Point: "module" } module => OfModule(catalog, module),
            NameTarget name => OfName(catalog, name),
            _ => throw new ArgumentException($"There is no wish of the kind {target.GetType().Name}.", nameof(target)),
        };
    }

    private InUse InUse => new(session.Composition);

    private SwapCandidate OfFolder(PluginCatalog catalog, string path)
    {
        var plugin = catalog.Add(path);
        if (plugin.Manifest is not { } manifest || plugin.Status == PluginStatus.Faulty)
        {
            throw new SwapRefusedException($"{plugin} cannot be used: {plugin.Reason}", SwapStatus.Unreadable);
        }

        if (Loaded(manifest.Id) is not { } loaded || manifest.Version <= loaded.Manifest.Version)
        {
            throw new SwapRefusedException($"{plugin} is not higher than the version in use", SwapStatus.NotNewer);
        }

        if (!plugin.IsUsable)
        {
            throw Refused(loaded, plugin, plugin.Reason!);
        }

        return new ConfiguredVersions(run.File, catalog).Refuses(plugin, loaded.Installed) is { } reason
            ? throw Refused(loaded, plugin, reason)
            : Version(catalog, plugin, loaded);
    }

    private SwapCandidate OfPlugin(PluginCatalog catalog, PluginTarget target)
    {
        var loaded = Loaded(target.Id) ?? run.Plugins.Plugins.FirstOrDefault(p => PluginIds.Matches(p.Manifest.Id, target.Id)) ?? throw Unknown($"the plugin '{target.Id}' takes no part in this run; active: {string.Join(", ", run.Plugins.Plugins.Select(p => p.Manifest))}");
        var versions = catalog.OfId(loaded.Manifest.Id).ToList();
        var meant = versions.Where(p => p.Manifest is null ? target.Range is null : target.Range?.Satisfies(p.Manifest.Version) != false).ToList();
        if (meant.Count == 0)
        {
            throw Unknown($"no version of {loaded.Manifest.Id} that satisfies '{target.Text}' is installed; installed: {string.Join(", ", versions.Select(v => v.Version).DefaultIfEmpty("none"))}");
        }

        var accepts = new ConfiguredVersions(run.File, catalog);
        var best = meant.Find(p => p.IsUsable && accepts.Refuses(p, loaded.Installed) is null);
        if (best is null)
        {
            throw Refused(loaded, meant[0], meant[0].IsUsable ? accepts.Refuses(meant[0], loaded.Installed)! : meant[0].Reason!);
        }

        return best.Manifest!.Version == loaded.Manifest.Version
            ? throw new SwapRefusedException($"{loaded.Manifest} is in use already" + (target.Range is null ? ", and nothing higher that the configuration accepts is installed" : ""), SwapStatus.NotNewer)
            : Version(catalog, best, loaded);
    }

    private SwapCandidate OfModule(PluginCatalog catalog, NameTarget target)
    {
        var loaded = Provider("module", target.Name);
        var isActive = loaded?.IsActive(target.Name) == true;
        if (target.Leaves && !isActive)
        {
            throw new SwapRefusedException($"module '{target.Name}' takes no part in this run; taking part: {string.Join(", ", Active().DefaultIfEmpty("none"))}", SwapStatus.NotNewer) { ExitCode = 2 };
        }

        return loaded is null ? Installed(catalog, target)
            : isActive && !target.Leaves ? OfPlugin(catalog, new PluginTarget(target.Text, loaded.Manifest.Id, null))
            : Chosen(new SwapCandidate { Catalog = catalog, Change = $"module {target.Name}: {loaded.Manifest} {(target.Leaves ? "goes out" : "comes in")}" }, target);
    }

    private SwapCandidate OfName(PluginCatalog catalog, NameTarget target)
    {
        var now = InUse.Source(target.Point);
        if (Provider(target.Point, target.Name) is not { } loaded)
        {
            return Installed(catalog, target);
        }

        if (now?.Name == target.Name)
        {
            throw new SwapRefusedException($"{target.Point} is {now} already", SwapStatus.NotNewer);
        }

        return Chosen(new SwapCandidate { Catalog = catalog, Change = $"{target.Point}: {now} -> {target.Name} ({loaded.Manifest})" }, target);
    }

    /// <summary>The plugin on the search path that provides a name which no loaded one provides.</summary>
    private SwapCandidate Installed(PluginCatalog catalog, NameTarget target)
    {
        var accepts = new ConfiguredVersions(run.File, catalog);
        var providers = catalog.List()
            .Where(p => p.IsUsable && p.Manifest!.Provides.Any(n => n.PointLabel == target.Point && n.Name == target.Name) && accepts.Refuses(p, Loaded(p.Id)?.Installed) is null)
            .DistinctBy(p => p.Id, StringComparer.OrdinalIgnoreCase).ToList();
        if (providers.Count != 1)
        {
            throw Unknown(providers.Count == 0
                ? $"no installed plugin provides {target.Point} '{target.Name}'; installed: {catalog.NamesOf(p => p.PointLabel == target.Point)}"
                : $"{string.Join(" and ", providers)} both provide {target.Point} '{target.Name}'; name the one you mean under 'plugins' in the configuration");
        }

        if (Loaded(providers[0].Id) is { } loaded)
        {
            var renewed = Version(catalog, providers[0], loaded);
            return Chosen(renewed with { Change = $"{renewed.Change} for {target.Point} {target.Name}" }, target);
        }

        var now = InUse.Source(target.Point);
        var candidate = new SwapCandidate
        {
            Catalog = catalog,
            Load = providers[0],
            Change = target.Point == "module" ? $"module {target.Name}: {providers[0]} comes in" : $"{target.Point}: {now} -> {target.Name} ({providers[0]})",
        };
        CheckLoad(candidate);
        return Chosen(candidate, target);
    }

    private static SwapCandidate Chosen(SwapCandidate candidate, NameTarget target) => target.Point switch
    {
        "attention" => candidate with { Attention = target.Name },
        "loss" => candidate with { Loss = target.Name },
        _ => candidate with { Module = (target.Name, !target.Leaves) },
    };

    private SwapCandidate Version(PluginCatalog catalog, InstalledPlugin plugin, LoadedPlugin loaded)
    {
        var used = InUse.Of(loaded.Manifest.Id);
        var names = string.Join(", ", used.Select(u => $"{u.Point} {u.Name}"));
        var candidate = new SwapCandidate
        {
            Catalog = catalog,
            Load = plugin,
            Replaces = loaded,
            Attention = InUse.NameOf("attention", loaded.Manifest.Id),
            Loss = InUse.NameOf("loss", loaded.Manifest.Id),
            Change = $"{(names.Length == 0 ? "" : $"{names}: ")}{loaded.Manifest} -> {plugin.Version}",
        };
        if (FixedPoints.Active(loaded.Manifest, used) is { } active)
        {
            throw Refused(loaded, plugin, $"it provides the {active} of this run, which cannot be exchanged while the run is live. {FixedPoints.Restart(run)}");
        }

        var missing = used.Where(u => !plugin.Manifest!.Provides.Any(p => (p.PointLabel, p.Name) == u)).Select(u => $"{u.Point} '{u.Name}'").ToList();
        if (missing.Count > 0)
        {
            throw Refused(loaded, plugin, $"it does not provide {string.Join(" and ", missing)}, which this run uses");
        }

        CheckLoad(candidate);
        return candidate;
    }

    private void CheckLoad(SwapCandidate candidate)
    {
        var manifest = candidate.Load!.Manifest!;
        if (FixedPoints.Late(manifest) is { } late)
        {
            throw Refused(candidate.Replaces, candidate.Load, $"it provides the {late}, which takes effect only when a run starts. {FixedPoints.Restart(run)}");
        }

        foreach (var other in run.Plugins.Plugins.Where(p => p != candidate.Replaces))
        {
            if (manifest.Provides.FirstOrDefault(n => other.Manifest.Provides.Any(o => (o.Point, o.Name) == (n.Point, n.Name))) is { } twice)
            {
                throw Refused(candidate.Replaces, candidate.Load, $"{other.Manifest} provides {twice.PointLabel} '{twice.Name}' too, and is in this run");
            }
        }
    }

    /// <summary>The module overrides that take part.</summary>
    private IEnumerable<string> Active() => run.Plugins.Plugins.SelectMany(p => p.Modules.Where(p.IsActive)).Order(StringComparer.Ordinal);

    private LoadedPlugin? Loaded(string id) => run.Plugins.Plugins.FirstOrDefault(p => p.Manifest.Id.Equals(id, StringComparison.OrdinalIgnoreCase));

    private LoadedPlugin? Provider(string point, string name) =>
        run.Plugins.Plugins.FirstOrDefault(p => p.Manifest.Provides.Any(n => n.PointLabel == point && n.Name == name));

    private static SwapRefusedException Unknown(string reason) => new(reason) { ExitCode = 2 };

    private static SwapRefusedException Refused(LoadedPlugin? loaded, InstalledPlugin plugin, string reason) =>
        new(loaded is null ? $"{plugin} cannot come in: {reason}" : $"{plugin} cannot replace {loaded.Manifest.Version}: {reason}");
}

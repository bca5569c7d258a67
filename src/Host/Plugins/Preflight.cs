using Neoteny.Host.Configuration;

namespace Neoteny.Host.Plugins;

/// <summary>Decides from metadata whether a plugin can run in this host.</summary>
/// <param name="shared">What the host shares.</param>
/// <param name="hostKeys">The keys that the host's own assemblies own.</param>
internal sealed class Preflight(SharedAssemblies shared, IReadOnlySet<string> hostKeys)
{
    private const int MissingShown = 3;
    private readonly LinkCheck links = new(shared);
    private readonly string framework = Path.GetDirectoryName(typeof(object).Assembly.Location)!;

    /// <summary>The plugin with its status: available, incompatible or faulty.</summary>
    public InstalledPlugin Check(string path, PluginManifest manifest)
    {
        if (Incompatibility(manifest) is { } incompatible)
            return new InstalledPlugin(path, manifest, PluginStatus.Incompatible, incompatible);
        return Fault(manifest) is { } fault
            ? new InstalledPlugin(path, manifest, PluginStatus.Faulty, fault)
            : new InstalledPlugin(path, manifest, PluginStatus.Available);
    }

    private string? Incompatibility(PluginManifest manifest)
    {
        foreach (var (name, version) in manifest.References)
        {
            if (shared.Find(name) is not { Version: var host })
                continue;
            var (theirs, ours) = (version.ToString(2), host.ToString(2));
            if (shared.Contracts.Contains(name) && version.Major != host.Major)
                return $"it is built for {name} {theirs} and this host has {ours}; install a version of the plugin that is built for {ours}";
            if (new Version(version.Major, version.Minor) > new Version(host.Major, host.Minor))
                return $"it needs {name} {theirs} and this host has {ours}; update Neoteny, or install an older version of the plugin";
        }
        using var assembly = MetadataAssembly.Open(manifest.AssemblyPath);
        var missing = links.Missing(assembly);
        if (missing.Count == 0)
            return null;
        var more = missing.Count > MissingShown ? $" and {missing.Count - MissingShown} more" : "";
        var shown = string.Join(", ", missing.Take(MissingShown));
        return $"this host lacks what it uses: {shown}{more}; install a version of the plugin that is built for this host";
    }

    private string? Fault(PluginManifest manifest)
    {
        var folder = Path.GetDirectoryName(manifest.AssemblyPath)!;
        foreach (var (name, version) in manifest.References)
        {
            var isPresent = shared.Find(name) is not null || File.Exists(Path.Combine(framework, $"{name}.dll"))
                || Directory.EnumerateFiles(folder, $"{name}.dll", SearchOption.AllDirectories).Any();
            if (!isPresent)
                return $"it needs the assembly {name} {version.ToString(3)}, which is neither in its folder nor shared by the host";
        }
        foreach (var options in manifest.Options)
        {
            if (options.Keys.FirstOrDefault(k => Unbindable(k.Shape) is not null) is { } unbindable)
                return $"{options.TypeName}.{unbindable.Property} cannot bind a key: its type is {Unbindable(unbindable.Shape)}";
        }
        if (manifest.Keys.FirstOrDefault(k => hostKeys.Contains(k.Name)) is { } taken)
            return $"it claims the key '{taken.Name}', which Neoteny itself owns";
        var twice = manifest.Provides.GroupBy(p => (p.Point, p.Name)).FirstOrDefault(g => g.Count() > 1);
        return twice is null ? null : $"two of its classes provide the {twice.First().PointLabel} '{twice.Key.Name}'";
    }

    private static string? Unbindable(KeyShape shape) => shape switch
    {
        UnknownShape unknown => unknown.TypeName,
        ListShape list => Unbindable(list.Item),
        MapShape map => Unbindable(map.Value),
        RecordShape record => record.Keys.Select(k => Unbindable(k.Shape)).FirstOrDefault(t => t is not null),
        _ => null,
    };
}

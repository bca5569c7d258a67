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
    /// <exception cref="PluginFaultException">An assembly of it cannot be read.</exception>
    public InstalledPlugin Check(string path, PluginManifest manifest)
    {
        using var assemblies = PluginAssemblies.Open(manifest.AssemblyPath);
        if (First(assemblies, Incompatibility) is { } incompatible)
            return new InstalledPlugin(path, manifest, PluginStatus.Incompatible, incompatible);
        return (First(assemblies, Unresolved) ?? Fault(manifest)) is { } fault
            ? new InstalledPlugin(path, manifest, PluginStatus.Faulty, fault)
            : new InstalledPlugin(path, manifest, PluginStatus.Available);
    }

    private static string? First(PluginAssemblies assemblies, Func<MetadataAssembly, string, string?> reason) =>
        assemblies.All.Select(a => reason(a, assemblies.Subject(a))).FirstOrDefault(r => r is not null);

    private string? Incompatibility(MetadataAssembly assembly, string subject)
    {
        var shares = false;
        foreach (var (name, version) in assembly.References)
        {
            if (shared.Find(name) is not { } host)
                continue;
            shares = true;
            var (needed, present) = (Minor(version), Minor(host.Version));
            var isContract = shared.Contracts.Contains(name);
            if (isContract && needed.Major != present.Major)
                return $"{subject} is built for {name} {needed} and this host has {present}; install a version of the plugin that is built for {present}";
            if (isContract && OldestContracts.Of(host) is { } oldest && needed < oldest)
                return $"{subject} is built for {name} {needed} and this host takes {oldest} to {present}; install a version of the plugin that is built for {present}";
            if (needed > present)
                return $"{subject} needs {name} {needed} and this host has {present}; update Neoteny, or install an older version of the plugin";
        }
        if (!shares || links.Missing(assembly) is not { Count: > 0 } missing)
            return null;
        var more = missing.Count > MissingShown ? $" and {missing.Count - MissingShown} more" : "";
        var shown = string.Join(", ", missing.Take(MissingShown));
        return $"this host lacks what {subject} uses: {shown}{more}; install a version of the plugin that is built for this host";
    }

    private static Version Minor(Version version) => new(version.Major, version.Minor);

    private string? Unresolved(MetadataAssembly assembly, string subject)
    {
        var folder = Path.GetDirectoryName(assembly.Path)!;
        foreach (var (name, version) in assembly.References)
        {
            var isPresent = shared.Find(name) is not null || File.Exists(Path.Combine(framework, $"{name}.dll"))
                || Directory.EnumerateFiles(folder, $"{name}.dll", SearchOption.AllDirectories).Any();
            if (!isPresent)
                return $"{subject} needs the assembly {name} {version.ToString(3)}, which is neither in its folder nor shared by the host";
        }
        return null;
    }

    private static string? Unbindable(PluginManifest manifest)
    {
        foreach (var options in manifest.Options)
        {
            if (options.Keys.FirstOrDefault(k => Unbindable(k.Shape) is not null) is { } unbindable)
                return $"{options.TypeName}.{unbindable.Property} cannot bind a key: its type is {Unbindable(unbindable.Shape)}";
        }
        return null;
    }

    private string? Fault(PluginManifest manifest)
    {
        if (Unbindable(manifest) is { } fault)
            return fault;
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

using NuGet.Versioning;

namespace Neoteny.Host.Plugins.Packages;

/// <summary>A folder that plugins are installed to, laid out as <c>Id/Version/</c>. A version appears and disappears as a whole.</summary>
internal sealed class PluginStore
{
    private const string LockName = ".lock";
    private const string Passing = ".tmp-";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <param name="folder">The folder; made by the first installation.</param>
    public PluginStore(string folder) => Folder = Path.GetFullPath(folder);

    /// <summary>The folder.</summary>
    public string Folder { get; }

    /// <summary>Keeps other processes from changing the store, and clears away what killed ones left. Disposing lets go.</summary>
    /// <exception cref="NeotenyException">The folder cannot be written, or another process keeps it for too long.</exception>
    public IDisposable Lock()
    {
        try
        {
            Directory.CreateDirectory(Folder);
            var file = Acquire();
            foreach (var left in Directory.EnumerateDirectories(Folder, Passing + "*"))
            {
                Directory.Delete(left, recursive: true);
            }

            return file;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new NeotenyException($"Plugins cannot be installed to or removed from {Folder}: {e.Message}", e);
        }
    }

    /// <summary>An empty folder in the store that the catalog does not see. The caller holds the lock.</summary>
    public string Stage() => Directory.CreateDirectory(Path.Combine(Folder, $"{Passing}{Guid.NewGuid():n}")).FullName;

    /// <summary>Where a version belongs, in the spelling of a folder that is there already.</summary>
    public string PlaceOf(string id, NuGetVersion version) => Path.Combine(IdFolder(id) ?? Path.Combine(Folder, id), version.ToNormalizedString());

    /// <summary>Puts a staged folder in its place, in one step.</summary>
    public void Commit(string staged, string place)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(place)!);
        Directory.Move(staged, place);
    }

    /// <summary>Removes versions of a plugin, each in one step. Runs that use one go on: they loaded it from a copy.</summary>
    /// <param name="id">The plugin.</param>
    /// <param name="range">Which versions; null for all.</param>
    /// <returns>The folders removed.</returns>
    public IReadOnlyList<string> Remove(string id, VersionRange? range)
    {
        if (IdFolder(id) is not { } folder)
        {
            return [];
        }

        var removed = Directory.GetDirectories(folder)
            .Where(v => range is null || (NuGetVersion.TryParse(Path.GetFileName(v), out var version) && range.Satisfies(version)))
            .Order(StringComparer.Ordinal)
            .ToList();
        foreach (var version in removed)
        {
            var aside = Path.Combine(Stage(), Path.GetFileName(version));
            Directory.Move(version, aside);
            Directory.Delete(Path.GetDirectoryName(aside)!, recursive: true);
        }

        if (!Directory.EnumerateFileSystemEntries(folder).Any())
        {
            Directory.Delete(folder);
        }

        return removed;
    }

    private string? IdFolder(string id) => !Directory.Exists(Folder) ? null : Directory.GetDirectories(Folder)
        .FirstOrDefault(d => PluginIds.Matches(Path.GetFileName(d), id));

    private FileStream Acquire()
    {
        for (var deadline = DateTime.UtcNow + Patience; ; Thread.Sleep(100))
        {
            try
            {
                return new FileStream(Path.Combine(Folder, LockName), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException) when (DateTime.UtcNow < deadline)
            {
                // Another process installs or removes; it is done soon.
            }
        }
    }
}

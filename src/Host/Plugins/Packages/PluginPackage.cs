using System.IO.Compression;
using System.Xml;
using NuGet.Packaging;
using NuGet.Packaging.Core;
using NuGet.Versioning;

namespace Neoteny.Host.Plugins.Packages;

/// <summary>A NuGet package that was checked to be a plugin's and to be safe to unpack. Nothing of it runs.</summary>
/// <remarks>The plugin is what lies under <c>plugin/</c>: its assembly, deps.json, private dependencies, README.</remarks>
internal sealed class PluginPackage : IDisposable
{
    /// <summary>The package type that marks plugins.</summary>
    public const string Type = "NeotenyPlugin";

    private const string Content = "plugin/";
    private readonly ZipArchive archive;
    private readonly string name;
    private readonly ArchiveLimits limits;

    private PluginPackage(ZipArchive archive, string name, ArchiveLimits limits, string id, NuGetVersion version)
        => (this.archive, this.name, this.limits, Id, Version) = (archive, name, limits, id, version);

    /// <summary>The package's id: the plugin's own, or that behind <c>Neoteny.</c></summary>
    public string Id { get; }

    /// <summary>The package's version.</summary>
    public NuGetVersion Version { get; }

    /// <summary>Opens a package file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="name">What messages call it.</param>
    /// <param name="limits">How large it may be; null for the usual limits.</param>
    /// <exception cref="InputException">It is no package, no plugin's, or not safe to unpack.</exception>
    public static PluginPackage Open(string path, string name, ArchiveLimits? limits = null)
    {
        limits ??= ArchiveLimits.Default;
        ZipArchive? archive = null;
        try
        {
            archive = ZipFile.OpenRead(path);
            ArchiveCheck.Require(archive, name, limits);
            var (id, version) = Identity(archive, name);
            return new PluginPackage(archive, name, limits, id, version);
        }
        catch (Exception e)
        {
            archive?.Dispose();
            throw e is InvalidDataException or PackagingException or XmlException or FormatException or ArgumentException
                ? ArchiveCheck.Refused(name, $"it is not a NuGet package ({e.Message.TrimEnd('.').ReplaceLineEndings(" ")})")
                : e;
        }
    }

    /// <summary>Writes the plugin's files into an empty folder.</summary>
    /// <exception cref="InputException">The archive is damaged, or larger than it says.</exception>
    public void Unpack(string folder)
    {
        var root = Path.GetFullPath(folder) + Path.DirectorySeparatorChar;
        var left = limits.Bytes;
        foreach (var entry in archive.Entries)
        {
            var path = ArchiveCheck.PathOf(entry);
            if (!path.StartsWith(Content, StringComparison.Ordinal) || path.EndsWith('/'))
            {
                continue;
            }

            var target = Path.GetFullPath(path[Content.Length..], root);
            if (!target.StartsWith(root, StringComparison.Ordinal))
            {
                throw ArchiveCheck.Refused(name, $"the entry '{path}' leads out of its folder");
            }

            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            left -= Write(entry, target, left);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => archive.Dispose();

    /// <summary>Counts what really comes out: the size in the table of contents is only a claim.</summary>
    private long Write(ZipArchiveEntry entry, string target, long most)
    {
        try
        {
            using var input = entry.Open();
            using var output = new FileStream(target, FileMode.CreateNew, FileAccess.Write);
            var buffer = new byte[81920];
            var (written, checksum) = (0L, 0u);
            for (int read; (read = input.Read(buffer)) > 0; output.Write(buffer, 0, read))
            {
                written += read;
                checksum = Crc32.Append(checksum, buffer.AsSpan(0, read));
                if (written > entry.Length || written > most)
                {
                    throw ArchiveCheck.Refused(name, $"the entry '{entry.FullName}' is larger than it says");
                }
            }

            return checksum == entry.Crc32 ? written : throw new InvalidDataException("its checksum is another one");
        }
        catch (InvalidDataException e)
        {
            throw ArchiveCheck.Refused(name, $"the entry '{entry.FullName}' is damaged ({e.Message.TrimEnd('.')})");
        }
    }

    private static (string Id, NuGetVersion Version) Identity(ZipArchive archive, string name)
    {
        var manifests = archive.Entries.Where(e => !e.FullName.Contains('/') && e.FullName.EndsWith(".nuspec", StringComparison.OrdinalIgnoreCase)).ToList();
        if (manifests.Count != 1)
        {
            throw ArchiveCheck.Refused(name, $"it is not a NuGet package ({manifests.Count} .nuspec files at its root)");
        }

        using var stream = manifests[0].Open();
        var nuspec = new NuspecReader(stream);
        var types = nuspec.GetPackageTypes().Select(t => t.Name).DefaultIfEmpty(PackageType.Dependency.Name).ToList();
        if (!types.Contains(Type, StringComparer.OrdinalIgnoreCase))
        {
            throw ArchiveCheck.Refused(name, $"it is no plugin: its package type is {string.Join(", ", types)}, and a plugin's is {Type}");
        }

        if (nuspec.GetDependencyGroups().SelectMany(g => g.Packages).FirstOrDefault() is { } dependency)
        {
            throw ArchiveCheck.Refused(name, $"it depends on the package {dependency.Id}, and a plugin brings along what it needs: pack it with the targets of Neoteny.Abstractions");
        }

        if (!archive.Entries.Any(e => ArchiveCheck.PathOf(e).StartsWith(Content, StringComparison.Ordinal)))
        {
            throw ArchiveCheck.Refused(name, $"it has no files under {Content}");
        }

        return (nuspec.GetId(), nuspec.GetVersion());
    }
}

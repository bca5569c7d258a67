using System.IO.Compression;

namespace Neoteny.Host.Plugins.Packages;

/// <summary>Looks through the table of contents of a package before anything of it is written.</summary>
/// <remarks>
/// An archive is data from elsewhere: a name may lead out of the folder it is unpacked to, name a drive, be a link, or differ from another one
/// only by case, so that one file replaces the other on some disks. One such entry refuses the whole package.
/// </remarks>
internal static class ArchiveCheck
{
    private const int FileTypeMask = 0xF000;
    private const int RegularFile = 0x8000;
    private const int Folder = 0x4000;

    /// <summary>The path of an entry as packages mean it: their names are escaped like those of addresses.</summary>
    public static string PathOf(ZipArchiveEntry entry) => Uri.UnescapeDataString(entry.FullName);

    /// <summary>Refuses an archive that is not safe to unpack.</summary>
    /// <param name="archive">The archive.</param>
    /// <param name="name">What messages call it.</param>
    /// <param name="limits">How large it may be.</param>
    /// <exception cref="InputException">It is not.</exception>
    public static void Require(ZipArchive archive, string name, ArchiveLimits limits)
    {
        if (archive.Entries.Count > limits.Entries)
        {
            throw Refused(name, $"it has {archive.Entries.Count} entries, and at most {limits.Entries} are allowed");
        }

        var bytes = 0L;
        var paths = new Dictionary<string, (string Path, bool IsFolder)>(StringComparer.OrdinalIgnoreCase);
        foreach (var entry in archive.Entries)
        {
            var path = PathOf(entry);
            if (Fault(path) is { } fault)
            {
                throw Refused(name, $"the entry '{Printable(path)}' {fault}");
            }

            if (IsSpecial(entry))
            {
                throw Refused(name, $"the entry '{path}' is a link or another special file");
            }

            AddPath(paths, path, name);
            bytes += entry.Length;
            if (bytes > limits.Bytes)
            {
                throw Refused(name, $"its files take more than {limits.Bytes >> 20} MiB");
            }
        }
    }

    /// <summary>How a package is refused.</summary>
    public static InputException Refused(string name, string reason) => new($"{name} is refused: {reason}. Nothing was installed.");

    private static string? Fault(string path)
    {
        if (path.Any(c => char.IsControl(c)))
        {
            return "has control characters in its name";
        }

        if (path.StartsWith('/') || path.StartsWith('\\'))
        {
            return "has an absolute path";
        }

        if (path.Contains(':'))
        {
            return "names a drive or a stream";
        }

        if (path.Contains('\\'))
        {
            return "has a backslash in its name";
        }

        var parts = path.TrimEnd('/').Split('/');
        return parts.Contains("..") ? "leads out of its folder"
            : parts.Any(p => p.Length == 0 || p.EndsWith('.') || p.EndsWith(' ')) ? "has a name that some disks change"
            : null;
    }

    /// <summary>Whether it carries a Unix file type that is neither a plain file nor a folder.</summary>
    private static bool IsSpecial(ZipArchiveEntry entry) => (entry.ExternalAttributes >> 16 & FileTypeMask) is not (0 or RegularFile or Folder);

    /// <summary>Notes a path and the folders above it, each of which may come in one spelling only, and as one kind.</summary>
    private static void AddPath(Dictionary<string, (string Path, bool IsFolder)> paths, string path, string name)
    {
        var isFolder = path.EndsWith('/');
        var whole = path.TrimEnd('/');
        for (var end = whole.IndexOf('/'); end >= 0; end = whole.IndexOf('/', end + 1))
        {
            Add(whole[..end], true);
        }

        if (!isFolder && paths.TryGetValue(whole, out var twice) && twice.Path == whole)
        {
            throw Refused(name, $"it holds '{whole}' twice");
        }

        Add(whole, isFolder);

        void Add(string item, bool asFolder)
        {
            if (!paths.TryAdd(item, (item, asFolder)) && paths[item] is var known && (known.Path != item || known.IsFolder != asFolder))
            {
                throw Refused(name, known.Path != item
                    ? $"the entries '{known.Path}' and '{item}' differ only by case"
                    : $"'{item}' is a file and a folder in it");
            }
        }
    }

    private static string Printable(string path) => string.Concat(path.Select(c => char.IsControl(c) ? '?' : c));
}

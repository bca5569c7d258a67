namespace Neoteny.Models.Hub;

/// <summary>Checks before a download that it will fit.</summary>
internal static class DiskSpace
{
    /// <exception cref="InputException">The disk has less room than what is still to come.</exception>
    public static void Check(HubCache cache, IReadOnlyList<HubFile> files)
    {
        var needed = files.DistinctBy(f => f.ETag).Where(f => !File.Exists(cache.Blob(f))).Sum(f => Math.Max(0, f.Size - Here(cache.Blob(f) + ".incomplete")));
        Check(cache.Folder, needed, new DriveInfo(cache.Blobs).AvailableFreeSpace);
    }

    /// <inheritdoc cref="Check(HubCache, IReadOnlyList{HubFile})"/>
    internal static void Check(string folder, long needed, long free)
    {
        if (needed > free)
        {
            throw new InputException($"{folder} needs {HubTransfer.Size(needed)} more, but its disk has {HubTransfer.Size(free)} left. Free some space, or set HF_HOME to a folder on another disk.");
        }
    }

    private static long Here(string path) => new FileInfo(path) is { Exists: true } file ? file.Length : 0;
}

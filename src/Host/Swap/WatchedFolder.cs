using System.Diagnostics;

namespace Neoteny.Host.Swap;

/// <summary>A version folder under watch.</summary>
/// <param name="path">The folder.</param>
internal sealed class WatchedFolder(string path)
{
    private long since = Stopwatch.GetTimestamp();
    private string? last;
    private string? judged;

    /// <summary>The folder.</summary>
    public string Path => path;

    /// <summary>How long it has stayed the same.</summary>
    public TimeSpan Rested => Stopwatch.GetElapsedTime(since);

    /// <summary>A folder that is known as it is.</summary>
    public static WatchedFolder Judged(string path)
    {
        var folder = new WatchedFolder(path) { last = Signature(path) };
        folder.Settle();
        return folder;
    }

    /// <summary>Looks at it.</summary>
    /// <returns>Whether it is to be tried now.</returns>
    public bool Look(WatchTimes times)
    {
        var now = Signature(path);
        if (now != last)
        {
            (last, since) = (now, Stopwatch.GetTimestamp());
            return false;
        }

        return now is not null && now != judged && Rested >= times.Rest;
    }

    /// <summary>It was tried as it is: only a change makes it interesting again.</summary>
    public void Settle() => judged = last;

    /// <summary>Names, sizes and times of all files; null for an empty or vanished folder.</summary>
    private static string? Signature(string path)
    {
        try
        {
            var files = new DirectoryInfo(path).EnumerateFiles("*", SearchOption.AllDirectories)
                .Select(f => $"{f.FullName}|{f.Length}|{f.LastWriteTimeUtc.Ticks}").Order(StringComparer.Ordinal).ToList();
            return files.Count == 0 ? null : string.Join('\n', files);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}

using Microsoft.Extensions.Logging;

namespace Neoteny.Host.Swap;

/// <summary>Looks for newer versions of the plugins in a run, and asks for each to be swapped in once its folder has come to rest.</summary>
/// <remarks>
/// It looks again and again instead of listening to the file system, whose events get lost on network drives and when many come at once. An
/// installation appears whole by being renamed; a build lays out one file after another, so a folder counts when it stayed the same for a while.
/// </remarks>
internal sealed class PluginWatch : IDisposable
{
    private readonly HotSwap swap;
    private readonly ILogger log;
    private readonly IReadOnlyList<string> searched;
    private readonly WatchTimes times;
    private readonly Dictionary<string, WatchedFolder> folders = [];
    private readonly CancellationTokenSource ended = new();
    private readonly Task loop;

    /// <summary>Begins to look; what is there by now is known.</summary>
    /// <param name="swap">Makes the swaps.</param>
    /// <param name="searched">The plugin search path.</param>
    /// <param name="log">For folders that never become readable.</param>
    /// <param name="times">How often to look; null for the usual.</param>
    public PluginWatch(HotSwap swap, IReadOnlyList<string> searched, ILogger log, WatchTimes? times = null)
    {
        (this.swap, this.searched, this.log, this.times) = (swap, searched, log, times ?? WatchTimes.Usual);
        foreach (var path in Versions())
        {
            folders[path] = WatchedFolder.Judged(path);
        }

        loop = Task.Run(LookAsync);
    }

    /// <summary>Stops looking.</summary>
    public void Dispose()
    {
        ended.Cancel();
        loop.ContinueWith(static _ => { }, TaskScheduler.Default).Wait();
        ended.Dispose();
    }

    private async Task LookAsync()
    {
        using var timer = new PeriodicTimer(times.Interval);
        while (await timer.WaitForNextTickAsync(ended.Token))
        {
            var settled = Versions().Select(Look).OfType<WatchedFolder>().OrderByDescending(f => f.Path, VersionOrder.Instance).ToList();
            foreach (var folder in settled)
            {
                Judge(folder, await swap.Request(new FolderTarget(folder.Path), ended.Token));
            }
        }
    }

    /// <summary>The version folders of the plugins in the run.</summary>
    private IEnumerable<string> Versions()
    {
        var active = swap.Status.Plugins;
        var ids = active.Select(p => p.Id).ToHashSet(StringComparer.OrdinalIgnoreCase);
        return searched.SelectMany(f => Below(f)).Where(f => ids.Contains(Path.GetFileName(f))).SelectMany(Below)
            .Concat(active.Select(p => p.Path).Where(Directory.Exists)).Distinct();
    }

    /// <summary>The folder if it is due to be judged: at rest, and not as it was when it was judged last.</summary>
    private WatchedFolder? Look(string path)
    {
        if (!folders.TryGetValue(path, out var folder))
        {
            folders[path] = folder = new WatchedFolder(path);
        }

        return folder.Look(times) ? folder : null;
    }

    private void Judge(WatchedFolder folder, SwapOutcome outcome)
    {
        if (outcome.Status != SwapStatus.Unreadable)
        {
            folder.Settle();
        }
        else if (folder.Rested >= times.Patience)
        {
            log.LogWarning("kept what runs: {Reason}", outcome.Message);
            folder.Settle();
        }
    }

    /// <summary>The folders in a folder but those that begin with a dot: there installations are being unpacked.</summary>
    private static IEnumerable<string> Below(string folder)
    {
        try
        {
            return Directory.GetDirectories(folder).Where(f => !Path.GetFileName(f).StartsWith('.'));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return []; // it is not there, or not any more
        }
    }
}

using Polly;

namespace Neoteny.Models.Hub;

/// <summary>Brings repositories of the hub onto this machine, into the cache that the Python tools share.</summary>
/// <remarks>
/// Large files resume where an earlier download stopped and are checked against their SHA-256. A snapshot appears only once all of its files
/// are here. Several processes may download at the same time. Threads may call at the same time.
/// </remarks>
public sealed class HubClient : IDisposable
{
    private readonly HubSettings settings;
    private readonly HubHttp http;
    private readonly HubApi api;
    private readonly ResiliencePipeline retry;

    /// <summary>Creates a client.</summary>
    public HubClient(HubSettings settings)
    {
        this.settings = settings;
        http = new HubHttp(settings);
        retry = HubRetry.Make(settings);
        api = new HubApi(http, retry);
    }

    /// <summary>Hears how far downloads are, about twice a second and at their end; on any thread.</summary>
    public Action<HubTransfer>? Progress { get; init; }

    /// <summary>Hears when the hub cannot be reached and an earlier download is used instead.</summary>
    public Action<string>? Warn { get; init; }

    /// <summary>Makes sure that the files of a repository are here.</summary>
    /// <param name="repository">The repository and its revision.</param>
    /// <param name="selection">Which files.</param>
    /// <param name="stop">Cancels; what has arrived stays for the next time.</param>
    /// <returns>The snapshot's folder.</returns>
    /// <exception cref="HubNotFoundException">The hub has no such repository.</exception>
    /// <exception cref="InputException">It has no such revision, lacks the files, refuses access, or is needed while offline.</exception>
    /// <exception cref="NeotenyException">The hub cannot be reached, what it sends is damaged, or the disk is full.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="stop"/> was signalled.</exception>
    public async Task<string> Fetch(HubRepository repository, HubSelection selection, CancellationToken stop)
    {
        var cache = new HubCache(settings.Cache, repository);
        var cached = cache.Commit() is { } commit ? cache.Snapshot(commit) : null;
        if (settings.IsOffline)
        {
            return Offline(cache, repository, selection, cached);
        }

        // A commit never changes.
        if (repository.NamesCommit && cached is not null && selection.Missing(cached).Count == 0)
        {
            return cached;
        }

        try
        {
            return await Download(cache, repository, selection, stop).ConfigureAwait(false);
        }
        catch (HubTransferException e) when (cached is not null && selection.Missing(cached).Count == 0)
        {
            Warn?.Invoke($"{repository}: {e.Message}; the download in {cached} is used");
            return cached;
        }
        catch (HubTransferException e)
        {
            throw new NeotenyException($"{repository} could not be downloaded: {e.Message}. Check the network (and HF_ENDPOINT), then run it again: it goes on where it stopped.", e);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => http.Dispose();

    private async Task<string> Download(HubCache cache, HubRepository repository, HubSelection selection, CancellationToken stop)
    {
        var listing = await api.List(repository, stop).ConfigureAwait(false);
        var paths = selection.Choose(repository, listing.Files);
        var snapshot = cache.Snapshot(listing.Commit);
        if (paths.All(p => cache.Has(listing.Commit, p)))
        {
            cache.Publish(listing.Commit, []);
            return snapshot;
        }

        var options = new ParallelOptions { MaxDegreeOfParallelism = settings.Parallelism, CancellationToken = stop };
        var files = new HubFile[paths.Count];
        await Parallel.ForAsync(0, paths.Count, options, async (i, s) => files[i] = await api.Describe(repository, listing.Commit, paths[i], s).ConfigureAwait(false)).ConfigureAwait(false);
        Directory.CreateDirectory(cache.Blobs);
        DiskSpace.Check(cache, files);
        var meter = new TransferMeter(repository.ToString(), files.DistinctBy(f => f.ETag).Sum(f => f.Size), Progress);
        var download = new BlobDownload(http, retry, repository, meter);

        // Large files first: they take longest.
        await Parallel.ForEachAsync(files.DistinctBy(f => f.ETag).OrderByDescending(f => f.Size), options, async (file, s)
            => await download.Run(api.Address(repository, listing.Commit, file.Path), file, cache.Blob(file), cache.Lock(file), s).ConfigureAwait(false)).ConfigureAwait(false);
        meter.Report();
        cache.Publish(listing.Commit, files);
        return snapshot;
    }

    private static string Offline(HubCache cache, HubRepository repository, HubSelection selection, string? cached)
    {
        if (cached is null)
        {
            throw new InputException($"{repository} is not in {cache.Folder}, and nothing may be downloaded while HF_HUB_OFFLINE (or TRANSFORMERS_OFFLINE) is set. "
                + "Unset it, or download it where there is a network and copy the folder.");
        }

        return selection.Missing(cached) is { Count: > 0 } missing
            ? throw new InputException($"{repository}: {cached} lacks {string.Join(", ", missing)}, and nothing may be downloaded while HF_HUB_OFFLINE (or TRANSFORMERS_OFFLINE) is set. Unset it.")
            : cached;
    }
}

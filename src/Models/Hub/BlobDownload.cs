using System.Buffers;
using System.Net;
using System.Security.Cryptography;
using Neoteny.Models.Checkpoints;
using Polly;

namespace Neoteny.Models.Hub;

/// <summary>Downloads one content to its place in the cache: beside it first, from where an earlier try stopped, checked, then renamed.</summary>
internal sealed class BlobDownload(HubHttp http, ResiliencePipeline retry, HubRepository repository, TransferMeter meter)
{
    private const int MostDamaged = 2;

    /// <summary>Downloads a file unless its blob is here.</summary>
    /// <param name="uri">Where it is.</param>
    /// <param name="file">What it is.</param>
    /// <param name="blob">Where it goes.</param>
    /// <param name="lockPath">The lock between processes.</param>
    /// <param name="stop">Cancels; what has arrived stays for the next time.</param>
    public async Task Run(Uri uri, HubFile file, string blob, string lockPath, CancellationToken stop)
    {
        using var held = await FileLock.Acquire(lockPath, stop).ConfigureAwait(false);
        if (File.Exists(blob))
        {
            meter.Count(file.Size);
            return;
        }

        var partial = blob + ".incomplete";
        var damaged = 0;
        try
        {
            await retry.ExecuteAsync(async s =>
            {
                await Receive(uri, file, partial, s).ConfigureAwait(false);
                if (await IsDamaged(file, partial, s).ConfigureAwait(false))
                {
                    File.Delete(partial);
                    meter.Count(-file.Size);
                    throw ++damaged < MostDamaged ? new HubTransferException($"{file.Path} arrived damaged") : Damaged(file);
                }
            }, stop).ConfigureAwait(false);
            File.Move(partial, blob, overwrite: true);
        }
        catch (Exception e) when (WriteFailure.Describe(blob, "file", e) is { } failure)
        {
            throw failure;
        }
    }

    private async Task Receive(Uri uri, HubFile file, string partial, CancellationToken stop)
    {
        await using var target = new FileStream(partial, FileMode.OpenOrCreate, FileAccess.Write, FileShare.Read, bufferSize: 1);
        if (target.Length > file.Size)
        {
            target.SetLength(0);
        }

        var from = target.Length;
        meter.Count(from);
        try
        {
            if (from < file.Size)
            {
                from = await Fetch(uri, file, target, from, stop).ConfigureAwait(false);
            }

            target.Flush(flushToDisk: true);
        }
        finally
        {
            // What is kept is counted again by the next try.
            if (target.Length < file.Size)
            {
                meter.Count(-target.Length);
            }
        }
    }

    private async Task<long> Fetch(Uri uri, HubFile file, FileStream target, long from, CancellationToken stop)
    {
        using var response = await http.Send(HttpMethod.Get, uri, from, staysOnHost: false, stop).ConfigureAwait(false);
        if (response.StatusCode == HttpStatusCode.RequestedRangeNotSatisfiable)
        {
            meter.Count(-from);
            target.SetLength(0);
            throw new HubTransferException($"{file.Path}: the hub cannot go on from byte {from}");
        }

        HubStatus.Check(response, http.Settings, repository, file.Path);
        if (from > 0 && !(response.StatusCode == HttpStatusCode.PartialContent && response.Content.Headers.ContentRange?.From == from))
        {
            // All of it comes again.
            meter.Count(-from);
            target.SetLength(0);
            from = 0;
        }

        target.Position = from;
        try
        {
            await using var source = await response.Content.ReadAsStreamAsync(stop).ConfigureAwait(false);
            await Copy(source, target, file, stop).ConfigureAwait(false);
        }
        catch (Exception e) when (e is HttpRequestException or HttpIOException)
        {
            throw new HubTransferException($"{file.Path}: the connection broke at byte {target.Length} of {file.Size}", inner: e);
        }

        return from;
    }

    private async Task Copy(Stream source, FileStream target, HubFile file, CancellationToken stop)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(1 << 18);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(stop);
        try
        {
            while (true)
            {
                patience.CancelAfter(http.Settings.Patience);
                var read = await ReadSome(source, buffer, target, patience.Token, stop).ConfigureAwait(false);
                if (read == 0)
                {
                    break;
                }

                if (target.Position + read > file.Size)
                {
                    throw new NeotenyException($"{file.Path}: the hub sends more than the {file.Size} bytes it announced. Check HF_ENDPOINT.");
                }

                await target.WriteAsync(buffer.AsMemory(0, read), stop).ConfigureAwait(false);
                meter.Receive(read);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        if (target.Position < file.Size)
        {
            throw new HubTransferException($"{file.Path}: the connection ended at byte {target.Position} of {file.Size}");
        }
    }

    private async Task<int> ReadSome(Stream source, byte[] buffer, FileStream target, CancellationToken patience, CancellationToken stop)
    {
        try
        {
            return await source.ReadAsync(buffer, patience).ConfigureAwait(false);
        }
        catch (OperationCanceledException e) when (!stop.IsCancellationRequested)
        {
            throw new HubTransferException($"nothing came for {http.Settings.Patience.TotalSeconds:0.#} s at byte {target.Position}", inner: e);
        }
        catch (IOException e)
        {
            throw new HubTransferException($"the connection broke at byte {target.Position} ({e.Message})", inner: e);
        }
    }

    private static async Task<bool> IsDamaged(HubFile file, string path, CancellationToken stop)
    {
        if (file.Sha256 is not { } expected)
        {
            return new FileInfo(path).Length != file.Size;
        }

        await using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 20, FileOptions.SequentialScan);
        return Convert.ToHexStringLower(await SHA256.HashDataAsync(stream, stop).ConfigureAwait(false)) != expected;
    }

    private NeotenyException Damaged(HubFile file) => new(
        $"{file.Path} of {repository} arrived damaged {MostDamaged} times: its SHA-256 is not the one that {http.Settings.Endpoint.Host} tells. Check the network and any proxy, then try again.");
}

using System.Globalization;
using System.Text.Json;
using Polly;

namespace Neoteny.Models.Hub;

/// <summary>What is asked of the hub: which commit a revision is, which files it has, and what each of them is.</summary>
internal sealed class HubApi(HubHttp http, ResiliencePipeline retry)
{
    private const int LargestAnswer = 64 << 20;

    /// <summary>The commit of a revision, and its files.</summary>
    public async Task<HubListing> List(HubRepository repository, CancellationToken stop)
    {
        var uri = http.At($"api/{repository.Plural}/{repository.Name}/revision/{Uri.EscapeDataString(repository.Revision)}");
        return await retry.ExecuteAsync(async s =>
        {
            using var response = await http.Send(HttpMethod.Get, uri, 0, staysOnHost: false, s).ConfigureAwait(false);
            HubStatus.Check(response, http.Settings, repository);
            try
            {
                await response.Content.LoadIntoBufferAsync(LargestAnswer, s).ConfigureAwait(false);
                return Parse(await response.Content.ReadAsStringAsync(s).ConfigureAwait(false), uri);
            }
            catch (Exception e) when (e is HttpRequestException or IOException)
            {
                throw new HubTransferException($"{uri.Host} broke off ({e.Message})", inner: e);
            }
        }, stop).ConfigureAwait(false);
    }

    /// <summary>Describes one file of a commit.</summary>
    public async Task<HubFile> Describe(HubRepository repository, string commit, string path, CancellationToken stop)
        => await retry.ExecuteAsync(async s =>
        {
            using var response = await http.Send(HttpMethod.Head, Address(repository, commit, path), 0, staysOnHost: true, s).ConfigureAwait(false);
            HubStatus.Check(response, http.Settings, repository, path);
            var tag = HubStatus.Header(response, "X-Linked-Etag") ?? HubStatus.Header(response, "ETag");
            var size = HubStatus.Header(response, "X-Linked-Size") ?? HubStatus.Header(response, "Content-Length");
            tag = tag?.StartsWith("W/", StringComparison.Ordinal) == true ? tag[2..] : tag;
            return tag?.Trim('"') is { } plain && HubFile.IsPlainName(plain) && long.TryParse(size, NumberStyles.None, CultureInfo.InvariantCulture, out var bytes)
                ? new HubFile(path, plain, bytes)
                : throw new NeotenyException($"{http.Settings.Endpoint.Host} does not say what '{path}' of {repository} is (ETag and size). Check HF_ENDPOINT: it may be no hub.");
        }, stop).ConfigureAwait(false);

    /// <summary>Where a file of a commit is downloaded from.</summary>
    public Uri Address(HubRepository repository, string commit, string path)
        => http.At($"{repository.Prefix}{repository.Name}/resolve/{commit}/{string.Join('/', path.Split('/').Select(Uri.EscapeDataString))}");

    private static HubListing Parse(string json, Uri uri)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            var commit = document.RootElement.GetProperty("sha").GetString()!;
            string[] files = [.. document.RootElement.GetProperty("siblings").EnumerateArray().Select(f => f.GetProperty("rfilename").GetString()!)];
            var bad = HubFile.IsPlainName(commit) ? files.FirstOrDefault(f => !HubFile.IsPlainPath(f)) : commit;
            return bad is null ? new HubListing(commit, files) : throw new NeotenyException($"{uri}: the hub names '{bad}', which is no plain name. Check HF_ENDPOINT.");
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new NeotenyException($"{uri} does not answer as a hub does: {e.Message} Check HF_ENDPOINT, and whether a proxy is in the way.", e);
        }
    }
}

/// <summary>What a revision holds.</summary>
/// <param name="Commit">Its commit.</param>
/// <param name="Files">The paths of its files.</param>
internal sealed record HubListing(string Commit, IReadOnlyList<string> Files);

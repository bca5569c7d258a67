using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Neoteny.Tests.Shared;

/// <summary>A hub on the loopback interface, whose large files come from another host name as from a CDN.</summary>
internal sealed class FakeHub : IDisposable
{
    public const string Commit = "0123456789abcdef0123456789abcdef01234567";

    private readonly HttpListener listener = new();
    private readonly ConcurrentQueue<HubRequest> requests = new();
    private readonly Task serving;
    private readonly int port;

    public FakeHub()
    {
        port = FreePort();
        listener.Prefixes.Add($"http://127.0.0.1:{port}/");
        listener.Prefixes.Add($"http://localhost:{port}/");
        listener.Start();
        serving = Serve();
    }

    public Uri Endpoint => new($"http://127.0.0.1:{port}");

    /// <summary>Files of the repository by path.</summary>
    public Dictionary<string, byte[]> Files { get; } = [];

    /// <summary>Paths that are stored as large files.</summary>
    public HashSet<string> Large { get; } = [];

    /// <summary>Commits by branch, tag or commit.</summary>
    public Dictionary<string, string> Revisions { get; } = new() { ["main"] = Commit, [Commit] = Commit };

    public string Repository { get; init; } = "org/name";

    /// <summary>What must be sent as a token; null for a public repository.</summary>
    public string? Token { get; init; }

    /// <summary>Changes the answer to a request; returns whether it answered itself.</summary>
    public Func<HubRequest, HttpListenerResponse, Task<bool>>? Disturb { get; set; }

    public IReadOnlyList<HubRequest> Requests => [.. requests];

    public IEnumerable<HubRequest> Downloads(string path) => Requests.Where(r => r.Method == "GET" && r.Path.EndsWith("/" + path, StringComparison.Ordinal) && (r.IsContentHost || !Large.Contains(path)));

    public static string Sha256(byte[] content) => Convert.ToHexStringLower(SHA256.HashData(content));

    public static string GitHash(byte[] content) => Convert.ToHexStringLower(SHA1.HashData([.. Encoding.ASCII.GetBytes($"blob {content.Length}\0"), .. content]));

    public string ETag(string path) => Large.Contains(path) ? Sha256(Files[path]) : GitHash(Files[path]);

    public void Dispose()
    {
        listener.Close();
        serving.Wait();
    }

    private static int FreePort()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }

    private async Task Serve()
    {
        var answers = new List<Task>();
        while (true)
        {
            try
            {
                var context = await listener.GetContextAsync();
                answers.Add(Task.Run(() => Answer(context)));
            }
            catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
            {
                await Task.WhenAll(answers);
                return;
            }
        }
    }

    private async Task Answer(HttpListenerContext context)
    {
        var response = context.Response;
        var request = new HubRequest(
            context.Request.HttpMethod, Uri.UnescapeDataString(context.Request.Url!.AbsolutePath), context.Request.Headers["Authorization"], context.Request.Headers["Range"],
            context.Request.Url.Host == "localhost");
        requests.Enqueue(request);
        try
        {
            if (Disturb is not { } disturb || !await disturb(request, response))
            {
                await Route(request, response);
                response.Close();
            }
        }
        catch (Exception e) when (e is HttpListenerException or ObjectDisposedException or IOException or InvalidOperationException)
        {
            // The client went away.
        }
    }

    private async Task Route(HubRequest request, HttpListenerResponse response)
    {
        var api = $"/api/models/{Repository}/revision/";
        var data = $"/api/datasets/{Repository}/revision/";
        if (!request.IsContentHost && Token is not null && request.Authorization != $"Bearer {Token}")
        {
            response.AddHeader("X-Error-Code", request.Authorization is null ? "RepoNotFound" : "GatedRepo");
            response.StatusCode = request.Authorization is null ? 401 : 403;
        }
        else if (request.Path.StartsWith(api, StringComparison.Ordinal) || request.Path.StartsWith(data, StringComparison.Ordinal))
        {
            await List(request.Path[(request.Path.IndexOf("/revision/", StringComparison.Ordinal) + 10)..], response);
        }
        else if (Files.Keys.FirstOrDefault(f => request.Path.EndsWith($"/{Repository}/resolve/{Commit}/{f}", StringComparison.Ordinal)
            || request.Path.EndsWith($"/content/{f}", StringComparison.Ordinal)) is { } file)
        {
            await Send(request, response, file);
        }
        else
        {
            response.AddHeader("X-Error-Code", "RepoNotFound");
            response.StatusCode = 404;
        }
    }

    private async Task List(string revision, HttpListenerResponse response)
    {
        if (!Revisions.TryGetValue(revision, out var commit))
        {
            response.AddHeader("X-Error-Code", "RevisionNotFound");
            response.StatusCode = 404;
            return;
        }

        await response.OutputStream.WriteAsync(JsonSerializer.SerializeToUtf8Bytes(new { sha = commit, siblings = Files.Keys.Select(f => new { rfilename = f }) }));
    }

    private async Task Send(HubRequest request, HttpListenerResponse response, string file)
    {
        var content = Files[file];
        response.AddHeader("X-Repo-Commit", Commit);
        if (Large.Contains(file) && !request.IsContentHost)
        {
            response.AddHeader("X-Linked-Etag", $"\"{Sha256(content)}\"");
            response.AddHeader("X-Linked-Size", $"{content.Length}");
            response.AddHeader("Location", $"http://localhost:{port}/content/{file}");
            response.StatusCode = 302;
            return;
        }

        response.AddHeader("ETag", $"\"{ETag(file)}\"");
        var from = request.From;
        if (from > 0)
        {
            response.StatusCode = 206;
            response.AddHeader("Content-Range", $"bytes {from}-{content.Length - 1}/{content.Length}");
        }

        response.ContentLength64 = content.Length - from;
        if (request.Method == "GET")
        {
            await response.OutputStream.WriteAsync(content.AsMemory(from));
        }
    }
}

/// <summary>A request as it arrived.</summary>
internal sealed record HubRequest(string Method, string Path, string? Authorization, string? Range, bool IsContentHost)
{
    public int From => Range is null ? 0 : int.Parse(Range["bytes=".Length..].TrimEnd('-'), System.Globalization.CultureInfo.InvariantCulture);
}

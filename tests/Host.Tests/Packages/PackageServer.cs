using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Neoteny.Host.Tests.Packages;

/// <summary>A NuGet server of protocol version 3 with one resource: the packages of a folder.</summary>
internal sealed class PackageServer : IDisposable
{
    private readonly HttpListener listener = new();
    private readonly string folder;
    private readonly string root;

    public PackageServer(string folder)
    {
        this.folder = folder;
        root = $"http://localhost:{FreePort()}/";
        listener.Prefixes.Add(root);
        listener.Start();
        _ = ServeAsync();
    }

    /// <summary>The address of the service index.</summary>
    public string Index => root + "index.json";

    public void Dispose() => listener.Close();

    private async Task ServeAsync()
    {
        while (listener.IsListening)
        {
            HttpListenerContext context;
            try
            {
                context = await listener.GetContextAsync();
            }
            catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
            {
                return;
            }

            var answer = Answer(context.Request.Url!.AbsolutePath);
            context.Response.StatusCode = answer is null ? 404 : 200;
            context.Response.Close(answer ?? [], willBlock: false);
        }
    }

    private byte[]? Answer(string path)
    {
        if (path == "/index.json")
        {
            return Encoding.UTF8.GetBytes($$"""{"version":"3.0.0","resources":[{"@id":"{{root}}flat/","@type":"PackageBaseAddress/3.0.0"}]}""");
        }

        var parts = path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        if (parts is ["flat", var id, "index.json"])
        {
            var versions = Directory.GetFiles(folder, "*.nupkg").Select(f => Path.GetFileNameWithoutExtension(f)!.ToLowerInvariant())
                .Where(f => f.StartsWith(id + ".", StringComparison.Ordinal)).Select(f => $"\"{f[(id.Length + 1)..]}\"").ToList();
            return versions.Count == 0 ? null : Encoding.UTF8.GetBytes($$"""{"versions":[{{string.Join(',', versions)}}]}""");
        }

        return parts is ["flat", _, _, var file] && Directory.GetFiles(folder).FirstOrDefault(f => Path.GetFileName(f).Equals(file, StringComparison.OrdinalIgnoreCase)) is { } found
            ? File.ReadAllBytes(found)
            : null;
    }

    private static int FreePort()
    {
        using var socket = new TcpListener(IPAddress.Loopback, 0);
        socket.Start();
        return ((IPEndPoint)socket.LocalEndpoint).Port;
    }
}

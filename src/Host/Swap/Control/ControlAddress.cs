using System.Net.Sockets;
using System.Text;

namespace Neoteny.Host.Swap.Control;

/// <summary>Where a live run listens: a socket in a folder of its own below the run's output folder, which only its owner may enter.</summary>
/// <remarks>
/// The address of a Unix domain socket holds at most 107 bytes (<c>sun_path</c>, unix(7)). A longer path is reached through a link with a short
/// name, in a temporary folder that lives as long as this object.
/// </remarks>
internal sealed class ControlAddress : IDisposable
{
    private const int MostBytes = 107;
    private string? linkFolder;

    /// <param name="run">The run's output folder.</param>
    public ControlAddress(string run) => (Folder, Socket) = (FolderOf(run), SocketOf(run));

    /// <summary>The folder of the socket.</summary>
    public string Folder { get; }

    /// <summary>The socket.</summary>
    public string Socket { get; }

    /// <summary>The socket of a run.</summary>
    public static string SocketOf(string run) => Path.Combine(FolderOf(run), "run.sock");

    /// <summary>The address to bind or to connect to.</summary>
    public UnixDomainSocketEndPoint EndPoint()
    {
        if (Encoding.UTF8.GetByteCount(Socket) <= MostBytes)
        {
            return new UnixDomainSocketEndPoint(Socket);
        }

        linkFolder ??= Directory.CreateTempSubdirectory("neoteny-run-").FullName;
        var link = Path.Combine(linkFolder, "r");
        if (!Path.Exists(link))
        {
            Directory.CreateSymbolicLink(link, Folder);
        }

        return new UnixDomainSocketEndPoint(Path.Combine(link, Path.GetFileName(Socket)));
    }

    /// <summary>Removes the link, where one was needed.</summary>
    public void Dispose()
    {
        if (linkFolder is not null)
        {
            Directory.Delete(linkFolder, recursive: true);
            linkFolder = null;
        }
    }

    private static string FolderOf(string run) => Path.Combine(Path.GetFullPath(run), ".control");
}

namespace Neoteny.Models.Hub;

/// <summary>A lock between processes on one file. It is the system's advisory lock, which the Python tools take too, and ends with its process.</summary>
internal sealed class FileLock : IDisposable
{
    // EWOULDBLOCK on Linux and macOS: somebody else holds it.
    private const int HeldOnLinux = 11;
    private const int HeldOnMac = 35;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    private readonly FileStream stream;

    private FileLock(FileStream stream) => this.stream = stream;

    /// <summary>Waits for the lock.</summary>
    public static async Task<FileLock> Acquire(string path, CancellationToken stop)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        while (true)
        {
            try
            {
                return new FileLock(new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 1));
            }
            catch (IOException e) when (e.HResult is HeldOnLinux or HeldOnMac)
            {
                await Task.Delay(Pause, stop).ConfigureAwait(false);
            }
        }
    }

    public void Dispose() => stream.Dispose();
}

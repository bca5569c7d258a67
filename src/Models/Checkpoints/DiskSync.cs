using System.Runtime.InteropServices;

namespace Neoteny.Models.Checkpoints;

/// <summary>System calls that .NET lacks: flushing folders, exchanging two of them, linking files.</summary>
internal static class DiskSync
{
    private const int CurrentFolder = -100;
    private const uint Exchange = 2;

    /// <summary>Flushes a folder's entries, so that a rename in it survives a power cut. Without effect where the system does not offer it.</summary>
    public static void Folder(string path)
    {
        var handle = open(path, 0);
        if (handle >= 0)
        {
            _ = fsync(handle);
            _ = close(handle);
        }
    }

    /// <summary>Flushes everything below a folder, then the folder.</summary>
    public static void Tree(string path)
    {
        foreach (var file in Directory.EnumerateFiles(path, "*", SearchOption.AllDirectories))
        {
            Folder(file);
        }

        foreach (var folder in Directory.EnumerateDirectories(path, "*", SearchOption.AllDirectories))
        {
            Folder(folder);
        }

        Folder(path);
    }

    /// <summary>Exchanges two folders in one step.</summary>
    /// <returns>False where the file system cannot.</returns>
    public static bool TryExchange(string first, string second) => renameat2(CurrentFolder, first, CurrentFolder, second, Exchange) == 0;

    /// <summary>Makes a second name for a file.</summary>
    /// <returns>False where the file system cannot.</returns>
    public static bool TryLink(string existing, string name) => link(existing, name) == 0;

    [DllImport("libc", SetLastError = true)]
    private static extern int open([MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags);

    [DllImport("libc")]
    private static extern int fsync(int handle);

    [DllImport("libc")]
    private static extern int close(int handle);

    [DllImport("libc")]
    private static extern int renameat2(
        int firstFolder, [MarshalAs(UnmanagedType.LPUTF8Str)] string first, int secondFolder, [MarshalAs(UnmanagedType.LPUTF8Str)] string second, uint flags);

    [DllImport("libc")]
    private static extern int link([MarshalAs(UnmanagedType.LPUTF8Str)] string existing, [MarshalAs(UnmanagedType.LPUTF8Str)] string name);
}

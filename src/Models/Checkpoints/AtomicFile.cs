namespace Neoteny.Models.Checkpoints;

/// <summary>Replaces a file as a whole or not at all.</summary>
public static class AtomicFile
{
    /// <summary>Writes a file beside its place, flushes it to the disk and renames it into place.</summary>
    /// <param name="path">The file; one that exists stays as it is when anything fails.</param>
    /// <param name="write">Writes the content.</param>
    /// <exception cref="InputException">The folder is missing or not writable.</exception>
    /// <exception cref="NeotenyException">The disk is full or failed.</exception>
    public static void Write(string path, Action<Stream> write) => Write(path, write, static s => s);

    internal static void Write(string path, Action<Stream> write, Func<Stream, Stream> wrap)
    {
        var partial = $"{path}.tmp-{Environment.ProcessId}";
        try
        {
            using (var file = new FileStream(partial, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 1 << 20))
            {
                var stream = wrap(file);
                write(stream);
                stream.Flush();
                file.Flush(flushToDisk: true);
            }

            File.Move(partial, path, overwrite: true);
            DiskSync.Folder(Path.GetDirectoryName(Path.GetFullPath(path))!);
        }
        catch (Exception e)
        {
            Remove(partial);
            if (WriteFailure.Describe(path, "file", e) is { } failure)
            {
                throw failure;
            }

            throw;
        }
    }

    private static void Remove(string partial)
    {
        try
        {
            File.Delete(partial);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The error that led here says more than this one would.
        }
    }
}

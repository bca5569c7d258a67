namespace Neoteny.Models.Checkpoints;

/// <summary>Replaces a folder as a whole or not at all.</summary>
public static class AtomicDirectory
{
    /// <summary>Fills a folder beside its place (<c>name.tmp-pid</c>), flushes it to the disk and renames it into place.</summary>
    /// <param name="folder">The folder; one that exists stays as it is until the new one is complete, and when anything fails.</param>
    /// <param name="fill">Writes the content into the folder it is given.</param>
    /// <param name="keep">Which entries of a previous folder, by name, are carried over unless <paramref name="fill"/> made them anew; null for none.</param>
    /// <remarks>
    /// Leftovers of processes that were killed while writing are removed by the next call for the same folder. Two processes must not write
    /// the same folder at once. The parent must be writable, and the folder itself no mount point.
    /// </remarks>
    /// <exception cref="InputException">The parent is missing or not writable.</exception>
    /// <exception cref="NeotenyException">The disk is full or failed.</exception>
    public static void Write(string folder, Action<string> fill, Func<string, bool>? keep = null)
    {
        folder = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        var partial = $"{folder}.tmp-{Environment.ProcessId}";
        try
        {
            RemoveLeftovers(folder);
            Directory.CreateDirectory(partial);
            fill(partial);
            if (keep is not null && Directory.Exists(folder))
            {
                Carry(folder, partial, keep);
            }

            DiskSync.Tree(partial);
            Replace(folder, partial);
            DiskSync.Folder(Path.GetDirectoryName(folder)!);
        }
        catch (Exception e)
        {
            TryRemove(partial);
            if (WriteFailure.Describe(folder, "folder", e) is { } failure)
            {
                throw failure;
            }

            throw;
        }
    }

    private static void Replace(string folder, string partial)
    {
        if (!Directory.Exists(folder))
        {
            Directory.Move(partial, folder);
            return;
        }

        if (!DiskSync.TryExchange(partial, folder))
        {
            var previous = $"{partial}.previous";
            Directory.Move(folder, previous);
            Directory.Move(partial, folder);
            partial = previous;
        }

        Directory.Delete(partial, recursive: true);
    }

    // Links, not moves: the previous folder stays whole until the exchange.
    private static void Carry(string from, string to, Func<string, bool> keep)
    {
        foreach (var file in Directory.EnumerateFiles(from))
        {
            var target = Path.Combine(to, Path.GetFileName(file));
            if (keep(Path.GetFileName(file)) && !File.Exists(target) && !DiskSync.TryLink(file, target))
            {
                File.Copy(file, target);
            }
        }

        foreach (var nested in Directory.EnumerateDirectories(from).Where(d => keep(Path.GetFileName(d))))
        {
            var target = Path.Combine(to, Path.GetFileName(nested));
            Directory.CreateDirectory(target);
            Carry(nested, target, static _ => true);
        }
    }

    private static void RemoveLeftovers(string folder)
    {
        var parent = Path.GetDirectoryName(folder) ?? throw new InputException($"'{folder}' cannot be replaced as a whole. Name a folder inside it.");
        if (!Directory.Exists(parent))
        {
            Directory.CreateDirectory(parent);
        }

        var prefix = $"{Path.GetFileName(folder)}.tmp-";
        foreach (var leftover in Directory.EnumerateDirectories(parent, prefix + "*"))
        {
            if (int.TryParse(Path.GetFileName(leftover)[prefix.Length..], out var process) && (process == Environment.ProcessId || !Directory.Exists($"/proc/{process}")))
            {
                TryRemove(leftover);
            }
        }
    }

    private static void TryRemove(string folder)
    {
        try
        {
            Directory.Delete(folder, recursive: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // What stays is removed by the next writing; the error at hand says more.
        }
    }
}

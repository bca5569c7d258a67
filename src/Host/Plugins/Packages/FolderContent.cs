namespace Neoteny.Host.Plugins.Packages;

/// <summary>Compares folders.</summary>
internal static class FolderContent
{
    /// <summary>Whether two folders hold the same files with the same bytes.</summary>
    /// <param name="first">A folder.</param>
    /// <param name="second">A folder.</param>
    /// <param name="except">A file name that does not count.</param>
    public static bool Equal(string first, string second, string except)
    {
        var files = Files(first, except);
        return files.SequenceEqual(Files(second, except)) && files.TrueForAll(f => SameBytes(Path.Combine(first, f), Path.Combine(second, f)));
    }

    private static List<string> Files(string folder, string except) =>
        [.. Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Select(f => Path.GetRelativePath(folder, f)).Where(f => f != except).Order(StringComparer.Ordinal)];

    private static bool SameBytes(string first, string second)
    {
        using var one = File.OpenRead(first);
        using var other = File.OpenRead(second);
        if (one.Length != other.Length)
        {
            return false;
        }

        var (a, b) = (new byte[81920], new byte[81920]);
        for (int read; (read = one.ReadAtLeast(a, a.Length, throwOnEndOfStream: false)) > 0;)
        {
            if (other.ReadAtLeast(b.AsSpan(0, read), read, throwOnEndOfStream: false) != read || !a.AsSpan(0, read).SequenceEqual(b.AsSpan(0, read)))
            {
                return false;
            }
        }

        return true;
    }
}

namespace Neoteny.Host.Plugins;

/// <summary>
/// Copies of plugins to load from: overwriting a loaded assembly or native library in place ends the process.
/// </summary>
/// <remarks>A lock file tells the copies of a living process from those that a killed one left, which the next process deletes.</remarks>
internal sealed class ShadowFolder : IDisposable
{
    private const string Prefix = "neoteny-plugins-";
    private const string LockName = ".lock";
    private readonly string folder;
    private readonly FileStream lockFile;
    private int copies;

    public ShadowFolder()
    {
        DeleteAbandoned();
        folder = Directory.CreateTempSubdirectory(Prefix).FullName;
        lockFile = new FileStream(Path.Combine(folder, LockName), FileMode.Create, FileAccess.ReadWrite, FileShare.None);
    }

    /// <summary>Copies the folder of an assembly and returns the copy of the assembly.</summary>
    public string Copy(string assemblyPath)
    {
        var source = Path.GetDirectoryName(assemblyPath)!;
        var target = Path.Combine(folder, $"{++copies}");
        foreach (var file in Directory.EnumerateFiles(source, "*", SearchOption.AllDirectories))
        {
            var copy = Path.Combine(target, Path.GetRelativePath(source, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }
        return Path.Combine(target, Path.GetFileName(assemblyPath));
    }

    public void Dispose()
    {
        lockFile.Dispose();
        Delete(folder);
    }

    private static void DeleteAbandoned()
    {
        foreach (var folder in Directory.EnumerateDirectories(Path.GetTempPath(), Prefix + "*"))
        {
            try
            {
                using (new FileStream(Path.Combine(folder, LockName), FileMode.Open, FileAccess.ReadWrite, FileShare.None))
                {
                }
                Delete(folder);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // Another process uses it, or another user owns it.
            }
        }
    }

    private static void Delete(string folder)
    {
        try
        {
            Directory.Delete(folder, recursive: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It is a temporary folder: what cannot be deleted now goes with the next process or the next boot.
        }
    }
}

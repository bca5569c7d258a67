namespace Neoteny.Runtime.Native;

/// <summary>Where files lie that can be made again: <c>$XDG_CACHE_HOME/neoteny</c>, by default <c>~/.cache/neoteny</c>.</summary>
internal static class CacheFolder
{
    /// <summary>The folder, made if needed; one below the temporary folder where the usual one cannot be written.</summary>
    public static string Find()
    {
        var cache = Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } set
            ? set
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache");
        try
        {
            var folder = Path.Combine(cache, "neoteny");
            Directory.CreateDirectory(folder);
            return folder;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return Path.Combine(Path.GetTempPath(), $"neoteny-{Environment.UserName}");
        }
    }
}

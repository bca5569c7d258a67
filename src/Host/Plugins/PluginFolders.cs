namespace Neoteny.Host.Plugins;

/// <summary>Where plugins are searched.</summary>
internal static class PluginFolders
{
    /// <summary>Folders given on the command line, then the user's own, then those laid out beside the program.</summary>
    /// <exception cref="InputException">A given folder does not exist.</exception>
    public static IReadOnlyList<string> Resolve(IEnumerable<string> given)
    {
        var explicitly = given.Select(Path.GetFullPath).ToList();
        if (explicitly.Find(f => !Directory.Exists(f)) is { } absent)
            throw new InputException($"--plugin-dir: there is no folder {absent}.");
        var home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        return [.. explicitly, Path.Combine(home, ".neoteny", "plugins"), Path.Combine(AppContext.BaseDirectory, "plugins")];
    }
}

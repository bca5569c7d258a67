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
        return [.. explicitly, OfUser, Path.Combine(AppContext.BaseDirectory, "plugins")];
    }

    /// <summary>The user's own folder, where plugins are installed unless the command line names another one.</summary>
    public static string OfUser => Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".neoteny", "plugins");

    /// <summary>The one folder that a command line installs to or removes from.</summary>
    /// <exception cref="InputException">It names several.</exception>
    public static string Target(IReadOnlyList<string> given) => given.Count switch
    {
        0 => OfUser,
        1 => Path.GetFullPath(given[0]),
        _ => throw new InputException("--plugin-dir: name one folder to install to or remove from, not several."),
    };
}

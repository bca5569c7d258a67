using Neoteny.Host.Plugins;

namespace Neoteny.Host.Commands;

/// <summary>Writes a catalog as aligned lines.</summary>
internal static class PluginTable
{
    public static void Write(PluginCatalog catalog, TextWriter output)
    {
        var plugins = catalog.List();
        if (plugins.Count == 0)
        {
            output.WriteLine("No plugins are installed. Searched:");
            foreach (var folder in catalog.Folders)
                output.WriteLine($"  {folder}");
            return;
        }
        string[][] rows = [["plugin", "version", "status", "provides", "location"], .. plugins.Select(Row)];
        var last = rows[0].Length - 1;
        var widths = Enumerable.Range(0, last).Select(c => rows.Max(r => r[c].Length)).ToArray();
        for (var i = 0; i < rows.Length; i++)
        {
            output.WriteLine(string.Join("  ", rows[i].Select((cell, c) => c < last ? cell.PadRight(widths[c]) : cell)).TrimEnd());
            if (i > 0 && plugins[i - 1].Reason is { } reason)
                output.WriteLine($"  {reason}");
        }
    }

    private static string[] Row(InstalledPlugin plugin) =>
        [plugin.Id, plugin.Version, plugin.Status.ToString().ToLowerInvariant(), Provided(plugin.Manifest), plugin.Path];

    /// <summary>What a plugin provides, by point: "attention eager, sdpa; loss cce".</summary>
    public static string Provided(PluginManifest? manifest) => string.Join("; ", (manifest?.Provides ?? [])
        .GroupBy(p => p.PointLabel)
        .Select(g => $"{g.Key} {string.Join(", ", g.Select(p => p.Name))}"));
}

using System.Globalization;
using Neoteny.Host.Configuration;
using Neoteny.Host.Plugins;
using Neoteny.Host.Plugins.Packages;

namespace Neoteny.Host.Commands;

/// <summary>Writes all that is known of a plugin without loading it.</summary>
internal static class PluginDescription
{
    private const string Contracts = "Neoteny.Abstractions";

    public static void Write(InstalledPlugin plugin, PluginCatalog catalog, TextWriter output)
    {
        output.WriteLine($"{plugin}" + (plugin.Manifest?.Summary is { } summary ? $": {summary}" : ""));
        Line(output, "status", plugin.Status.ToString().ToLowerInvariant() + (plugin.Reason is { } reason ? $": {reason}" : ""));
        Line(output, "location", plugin.Path);
        if (plugin.Manifest is not { } manifest)
        {
            return;
        }

        var folder = Path.GetDirectoryName(manifest.AssemblyPath)!;
        var receipt = InstallReceipt.Read(folder);
        Line(output, "package", receipt is null ? "none: it was laid out by a build" : $"{receipt.Package} from {receipt.Source}");
        Line(output, "readme", File.Exists(Path.Combine(folder, "README.md")) ? Path.Combine(folder, "README.md") : "none");
        Line(output, "other versions", string.Join(", ", catalog.OfId(plugin.Id).Where(p => p.Path != plugin.Path).Select(p => $"{p.Version} ({p.Path})").DefaultIfEmpty("none")));
        Line(output, "built for", string.Join(", ", manifest.References.Where(r => r.Name == Contracts).Select(r => $"{Contracts} {r.Version.ToString(2)}").DefaultIfEmpty("no contracts")));
        Section(output, "provides", manifest.Provides.Select(p => $"{p.PointLabel} {p.Name}{Note(p.Summary)}"));
        Section(output, "keys", manifest.Keys.Select(Key));
        Section(output, "keys read", manifest.Options.SelectMany(o => o.Read).Select(k => $"{k.Name}: {k.Shape.Description}"));
        Section(output, "references", manifest.References.Where(r => r.Name != Contracts && !r.Name.StartsWith("System.", StringComparison.Ordinal)).Select(r => $"{r.Name} {r.Version.ToString(3)}"));
        Section(output, "can crash the process", HazardCheck.Of(manifest));
        Section(output, "files", Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)
            .Select(f => string.Create(CultureInfo.InvariantCulture, $"{Path.GetRelativePath(folder, f)} ({new FileInfo(f).Length:n0} bytes)")));
    }

    private static string Key(KeyInfo key)
    {
        var range = (double.IsNegativeInfinity(key.Minimum), double.IsPositiveInfinity(key.Maximum)) switch
        {
            (true, true) => "",
            (false, true) => $", at least {ScalarText.Write(key.Minimum)}",
            (true, false) => $", at most {ScalarText.Write(key.Maximum)}",
            _ => $", from {ScalarText.Write(key.Minimum)} to {ScalarText.Write(key.Maximum)}",
        };
        var fallback = key.Required ? ", required" : key.Default is { } value ? $", default {value}" : "";
        var activates = key.Activates.Count == 0 ? "" : $", activates {string.Join(", ", key.Activates)}";
        return $"{key.Name}: {key.Shape.Description}{range}{fallback}{activates}{Note(key.Summary)}";
    }

    private static string Note(string? text) => text is null ? "" : $". {text}";

    private static void Line(TextWriter output, string label, string text) => output.WriteLine($"  {label + ":",-16}{text}");

    private static void Section(TextWriter output, string label, IEnumerable<string> lines)
    {
        var all = lines.ToList();
        if (all.Count == 0)
        {
            return;
        }

        output.WriteLine($"  {label}:");
        foreach (var line in all)
        {
            output.WriteLine($"    {line}");
        }
    }
}

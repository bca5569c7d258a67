using Neoteny.Host.Configuration;
using NuGet.Versioning;

namespace Neoteny.Host.Plugins;

/// <summary>An entry under <c>plugins:</c> that names a plugin: <c>Lora</c>, <c>Lora@1.2.0</c>, <c>Lora@[1.0,2.0)</c>, or a path.</summary>
/// <param name="Text">The entry as written.</param>
/// <param name="Place">Where it stands.</param>
/// <param name="Id">The id; null for a path.</param>
/// <param name="Range">The versions accepted; null for any.</param>
/// <param name="Path">The path; null for an id.</param>
internal sealed record PluginReference(string Text, Place Place, string? Id, VersionRange? Range, string? Path)
{
    /// <summary>Reads an entry; null, with a problem added, if it makes no sense.</summary>
    public static PluginReference? Parse(ScalarNode node, RunFile file)
    {
        var text = node.Text.Trim();
        if (text.Contains('/') || text.EndsWith(".dll", StringComparison.OrdinalIgnoreCase))
            return new PluginReference(text, node.Place, null, null, file.ResolvePath(text));
        var parts = text.Split('@', 2);
        if (parts.Length == 1)
            return new PluginReference(text, node.Place, text, null, null);
        if (RangeOf(parts[1]) is { } range)
            return new PluginReference(text, node.Place, parts[0], range, null);
        file.Problems.Add(node.Place, $"plugins: '{parts[1]}' is no version or range of versions, such as 1.2.0, 1.* or [1.0,2.0)");
        return null;
    }

    /// <summary>The versions that a text accepts; null if it makes no sense.</summary>
    /// <remarks>A plain version means that very one, not "at least" as in package references: a run must not change by itself.</remarks>
    public static VersionRange? RangeOf(string text)
    {
        if (NuGetVersion.TryParse(text, out var exact))
            return new VersionRange(exact, true, exact, true, null, text);
        return VersionRange.TryParse(text, out var range) ? range : null;
    }
}

using System.Runtime.CompilerServices;

namespace Neoteny.Parity.Tests;

/// <summary>Finds the fixtures: NEOTENY_FIXTURES, or tests/Fixtures of this repository.</summary>
internal static class FixtureFolders
{
    public static string Root { get; } =
        Environment.GetEnvironmentVariable("NEOTENY_FIXTURES") is { Length: > 0 } given ? given : Default();

    public static IReadOnlyList<string> Tokenizers => Names("tokenizers");

    public static string Tokenizer(string name) => Folder("tokenizers", name);

    /// <summary>A fixture of this repository by name, wherever the others are looked for.</summary>
    public static string Own(string kind, string name) => Path.Combine(Default(), kind, name);

    /// <summary>One fixture.</summary>
    public static string Folder(string kind, string name) => Path.Combine(Root, kind, name);

    /// <summary>The fixtures of a kind, which is a folder below the root.</summary>
    public static IReadOnlyList<string> Names(string kind)
    {
        var folder = Path.Combine(Root, kind);
        return Directory.Exists(folder)
            ? [.. Directory.EnumerateDirectories(folder).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)]
            : [];
    }

    private static string Default([CallerFilePath] string source = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(source)!, "..", "Fixtures"));
}

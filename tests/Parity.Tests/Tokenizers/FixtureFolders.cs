using System.Runtime.CompilerServices;

namespace Neoteny.Parity.Tests.Tokenizers;

/// <summary>Finds the fixtures: NEOTENY_FIXTURES, or tests/Fixtures of this repository.</summary>
internal static class FixtureFolders
{
    public static string Root { get; } =
        Environment.GetEnvironmentVariable("NEOTENY_FIXTURES") is { Length: > 0 } given ? given : Default();

    public static IReadOnlyList<string> Tokenizers { get; } = Names("tokenizers");

    public static string Tokenizer(string name) => Path.Combine(Root, "tokenizers", name);

    private static IReadOnlyList<string> Names(string kind)
    {
        var folder = Path.Combine(Root, kind);
        return Directory.Exists(folder)
            ? [.. Directory.EnumerateDirectories(folder).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)]
            : [];
    }

    private static string Default([CallerFilePath] string source = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(source)!, "..", "..", "Fixtures"));
}

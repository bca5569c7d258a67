using System.Collections.Frozen;

namespace Neoteny.Host.Configuration;

/// <summary>What Axolotl's files may contain that nobody here owns, read from the embedded list <c>AxolotlKeys.txt</c>.</summary>
internal sealed class AxolotlKeys
{
    private const string Resource = "Neoteny.Host.Configuration.AxolotlKeys.txt";
    private readonly FrozenDictionary<string, string> notes;

    private AxolotlKeys()
    {
        using var stream = typeof(AxolotlKeys).Assembly.GetManifestResourceStream(Resource)!;
        using var reader = new StreamReader(stream);
        var lines = reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        notes = lines
            .Where(l => !l.StartsWith('#'))
            .SelectMany(l => l.Contains(':') ? [l] : l.Split(' '))
            .Select(l => l.Split(':', 2, StringSplitOptions.TrimEntries))
            .ToFrozenDictionary(p => p[0], p => p.ElementAtOrDefault(1) ?? "");
    }

    /// <summary>The list, read at first use: only a file with an unowned key needs it.</summary>
    public static AxolotlKeys Known { get; } = new();

    /// <summary>Whether Axolotl knows the key.</summary>
    public bool Contains(string key) => notes.ContainsKey(key);

    /// <summary>What became of a key that was removed; null for every other one.</summary>
    public string? Removed(string key) => notes.GetValueOrDefault(key) is { Length: > 0 } note && note != "switch" ? note : null;

    /// <summary>Whether the key is a switch that is off when absent, so that <c>false</c> asks for nothing.</summary>
    public bool IsSwitch(string key) => notes.GetValueOrDefault(key) == "switch";
}

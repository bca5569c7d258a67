using System.Globalization;

namespace Neoteny.Models.Tokenizers.Unicode;

/// <summary>The scripts of Unicode and which characters belong to each.</summary>
internal sealed class ScriptTable
{
    private static readonly Lazy<ScriptTable> Loaded = new(() => new ScriptTable());
    private readonly List<(string Name, (int Start, int End)[] Ranges)> scripts = [];
    private readonly Dictionary<string, int> byName = [];
    private readonly (int Start, int End, int Script)[] all;

    private ScriptTable()
    {
        using var stream = typeof(ScriptTable).Assembly.GetManifestResourceStream("Neoteny.Models.Tokenizers.Unicode.scripts.txt")!;
        using var reader = new StreamReader(stream);
        while (reader.ReadLine() is { } line)
        {
            if (line.StartsWith('#'))
                continue;
            var fields = line.Split(' ');
            byName[Plain(fields[0])] = scripts.Count;
            scripts.Add((fields[0], [.. fields.Skip(1).Select(Range)]));
        }

        all = [.. scripts.SelectMany((s, i) => s.Ranges.Select(r => (r.Start, r.End, i))).Order()];
    }

    public static ScriptTable Instance => Loaded.Value;

    /// <summary>A script by its name, whose case and word breaks do not matter; -1 for none.</summary>
    public int Find(string name) => byName.GetValueOrDefault(Plain(name), -1);

    public string NameOf(int script) => scripts[script].Name;

    public IReadOnlyList<(int Start, int End)> RangesOf(int script) => scripts[script].Ranges;

    /// <summary>The script of a character; -1 where none is assigned.</summary>
    public int Of(int codePoint)
    {
        var (low, high) = (0, all.Length);
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = all[middle].End < codePoint ? (middle + 1, high) : (low, middle);
        }

        return low < all.Length && all[low].Start <= codePoint ? all[low].Script : -1;
    }

    private static string Plain(string name) => string.Concat(name.Where(c => c is not ('_' or '-' or ' '))).ToUpperInvariant();

    private static (int Start, int End) Range(string text)
    {
        var ends = text.Split('-').Select(e => int.Parse(e, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture)).ToArray();
        return (ends[0], ends[^1]);
    }
}

using System.Globalization;

namespace Neoteny.Models.Tokenizers.Unicode;

/// <summary>What Unicode normalization needs to know of each character.</summary>
/// <remarks>The runtime normalizes nothing in globalization-invariant mode, which this product runs in, so the tables are carried along.</remarks>
internal sealed class NormalizationTables
{
    private static readonly Lazy<NormalizationTables> Loaded = new(() => new NormalizationTables());
    private readonly Dictionary<int, byte> classes = [];
    private readonly Dictionary<int, int[]> canonical = [];
    private readonly Dictionary<int, int[]> compatible = [];
    private readonly Dictionary<(int First, int Second), int> compositions = [];
    private readonly HashSet<int> seconds = [];

    private NormalizationTables()
    {
        using var stream = typeof(NormalizationTables).Assembly.GetManifestResourceStream("Neoteny.Models.Tokenizers.Unicode.normalization.txt")!;
        using var reader = new StreamReader(stream);
        while (reader.ReadLine() is { } line)
            Add(line.Split(' '));
    }

    public static NormalizationTables Instance => Loaded.Value;

    /// <summary>Canonical combining class; 0 for a starter.</summary>
    public int Class(int codePoint) => classes.GetValueOrDefault(codePoint);

    public int[]? Decomposition(int codePoint, bool compatibility) =>
        canonical.GetValueOrDefault(codePoint) ?? (compatibility ? compatible.GetValueOrDefault(codePoint) : null);

    /// <summary>The character that the pair composes to, or -1.</summary>
    public int Compose(int first, int second) => compositions.GetValueOrDefault((first, second), -1);

    public bool JoinsWhatPrecedes(int codePoint) => seconds.Contains(codePoint);

    private void Add(string[] fields)
    {
        switch (fields[0])
        {
            case "c":
                for (var point = Hex(fields[1]); point <= Hex(fields[2]); point++)
                    classes[point] = byte.Parse(fields[3], CultureInfo.InvariantCulture);
                break;
            case "d" or "x":
                var parts = fields[2..].Select(Hex).ToArray();
                canonical[Hex(fields[1])] = parts;
                if (fields[0] == "d")
                {
                    compositions[(parts[0], parts[1])] = Hex(fields[1]);
                    seconds.Add(parts[1]);
                }

                break;
            case "k":
                compatible[Hex(fields[1])] = fields[2..].Select(Hex).ToArray();
                break;
        }
    }

    private static int Hex(string text) => int.Parse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
}

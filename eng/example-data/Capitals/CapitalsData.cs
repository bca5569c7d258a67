using Neoteny.ExampleData.Instructions;
using Neoteny.ExampleData.Text;

namespace Neoteny.ExampleData.Capitals;

/// <summary>Writes the instruction data about countries. The order of rows is shuffled by a stable hash, so files are the same on every run.</summary>
internal static class CapitalsData
{
    /// <summary>Writes <c>capitals-train.jsonl</c> and <c>capitals-heldout.jsonl</c> as conversations, and the training rows as <c>capitals-alpaca.jsonl</c> too.</summary>
    public static void Make(ToolOptions options)
    {
        var output = options.OutputOr("examples/data");
        var countries = CountryCatalog.Read();
        var train = Ask(countries, Phrasings.Train);
        var heldOut = Ask(countries, Phrasings.HeldOut);
        Report(output, "capitals-train.jsonl", train.Select(ChatRow.Of));
        Report(output, "capitals-heldout.jsonl", heldOut.Select(ChatRow.Of));
        Report(output, "capitals-alpaca.jsonl", train);
        Console.WriteLine($"{countries.Length} countries");
        HeldOutCheck.Run(output);
    }

    private static AlpacaRow[] Ask(Country[] countries, string[] wordings) =>
        Shuffle(from country in countries from wording in wordings select Phrasings.Capital(country, wording));

    private static AlpacaRow[] Shuffle(IEnumerable<AlpacaRow> rows) =>
        [.. rows.OrderBy(row => StableHash.Of(row.Instruction))];

    private static void Report<T>(string folder, string name, IEnumerable<T> rows)
    {
        var path = Path.Combine(folder, name);
        var count = JsonLines.Write(path, rows);
        Console.WriteLine($"{name,-24} {count,5} rows {new FileInfo(path).Length,8:N0} bytes");
    }
}

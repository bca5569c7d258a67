using Neoteny.ExampleData.Instructions;
using Neoteny.ExampleData.Text;

namespace Neoteny.ExampleData.Capitals;

/// <summary>Checks that the evaluation asks what training did not show, and only about facts that it did show.</summary>
internal static class HeldOutCheck
{
    /// <summary>Checks the files of a folder and prints what was compared.</summary>
    /// <exception cref="ExampleDataException">A held-out question occurs in training, or its answer does not.</exception>
    public static void Run(string folder)
    {
        ChatRow[] Rows(string name) => [.. JsonLines.Read<ChatRow>(Path.Combine(folder, name))];
        var heldOut = Rows("capitals-heldout.jsonl");
        var train = Rows("capitals-train.jsonl");
        var alpaca = JsonLines.Read<AlpacaRow>(Path.Combine(folder, "capitals-alpaca.jsonl"));
        var questions = train.Select(row => row.Question()).Concat(alpaca.Select(row => row.Instruction)).Select(Normal).ToHashSet();
        var answers = train.Select(row => row.Answer()).ToHashSet();
        foreach (var row in heldOut)
        {
            if (questions.Contains(Normal(row.Question())))
                throw new ExampleDataException($"the held-out question \"{row.Question()}\" occurs in the training files of {folder}.");
            if (!answers.Contains(row.Answer()))
                throw new ExampleDataException($"the held-out answer \"{row.Answer()}\" does not occur in the training files of {folder}.");
        }
        Console.WriteLine($"checked: none of {heldOut.Length} held-out questions is among {questions.Count} training questions; every fact is.");
    }

    private static string Normal(string question) =>
        string.Concat(question.Where(c => char.IsLetterOrDigit(c) || c == ' ')).ToLowerInvariant();
}

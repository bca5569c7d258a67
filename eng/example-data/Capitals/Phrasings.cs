using Neoteny.ExampleData.Instructions;
using Neoteny.ExampleData.Text;

namespace Neoteny.ExampleData.Capitals;

/// <summary>The wordings of the questions. No wording to train on is one that is held out.</summary>
internal static class Phrasings
{
    /// <summary>Questions for the capital that training sees.</summary>
    public static readonly string[] Train =
    [
        "What is the capital of {0}?",
        "What is the capital city of {0}?",
        "Name the capital of {0}.",
        "Tell me the capital of {0}.",
        "What city is the capital of {0}?",
        "Do you know the capital of {0}?",
        "{0}: what is its capital?",
        "I am going to {0}. What is its capital city called?",
    ];

    /// <summary>Questions for the capital that only the evaluation sees.</summary>
    public static readonly string[] HeldOut =
    [
        "Which city is the capital of {0}?",
        "Please give me the name of the capital of {0}.",
    ];

    /// <summary>The question for a country's capital in one wording, with its answer.</summary>
    public static AlpacaRow Capital(Country country, string wording) =>
        new(Fill(wording, country.Name), "", TextCleaner.EndSentence($"The capital of {country.Name} is {country.Capital}"));

    private static string Fill(string wording, string name) => Sentence(string.Format(wording, name));

    private static string Sentence(string text) => TextCleaner.Capitalize(text);
}

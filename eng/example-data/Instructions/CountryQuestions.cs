using Neoteny.ExampleData.Sources;
using Neoteny.ExampleData.Text;

namespace Neoteny.ExampleData.Instructions;

/// <summary>Questions about countries that The World Factbook's fields answer; none is about capitals.</summary>
internal static class CountryQuestions
{
    private const int LongestAnswer = 300;

    private static readonly (string Field, string Question)[] Questions =
    [
        ("Geography/Location", "Where is {0}?"),
        ("Geography/Climate", "What is the climate of {0}?"),
        ("Geography/Terrain", "Describe the terrain of {0}."),
        ("Geography/Natural resources", "Which natural resources does {0} have?"),
        ("Geography/Natural hazards", "What are the natural hazards in {0}?"),
        ("Geography/Area - comparative", "How large is {0}?"),
        ("Economy/Agriculture - products", "What do the farmers of {0} produce?"),
        ("Economy/Industries", "Which industries does {0} have?"),
        ("Introduction/Background", "Tell me about the history of {0}."),
    ];

    /// <summary>The questions for every country of an unpacked factbook package.</summary>
    public static IEnumerable<AlpacaRow> Read(string folder) =>
        from profile in FactbookProfile.ReadAll(folder)
        from question in Questions
        let answer = Answer(profile[question.Field])
        where answer is not null
        select new AlpacaRow(string.Format(question.Question, profile.Country), "", answer);

    private static string? Answer(string? text)
    {
        if (text is null)
            return null;
        var answer = "";
        foreach (var sentence in TextCleaner.Sentences(TextCleaner.Clean(text)))
        {
            if (answer.Length + sentence.Length >= LongestAnswer)
                break;
            answer = answer == "" ? sentence : $"{answer} {sentence}";
        }
        return answer.Length < 10 ? null : TextCleaner.EndSentence(TextCleaner.Capitalize(answer));
    }
}

using System.Text.RegularExpressions;
using Neoteny.ExampleData.Sources;
using Neoteny.ExampleData.Text;

namespace Neoteny.ExampleData.Instructions;

/// <summary>Questions about common English words, answered from WordNet: what they mean and how they are used.</summary>
internal static partial class WordQuestions
{
    private const int LongestDefinition = 120;

    /// <summary>The questions for nouns and verbs that WordNet's tagged texts contain, each in its most frequent sense.</summary>
    public static IEnumerable<AlpacaRow> Read(string folder)
    {
        foreach (var kind in new[] { "noun", "verb" })
        {
            var entries = WordNetEntry.ReadAll(WordNetDefinitions.File(folder, "data." + kind)).ToDictionary(entry => entry.Offset);
            foreach (var (word, offset) in CommonWords(WordNetDefinitions.File(folder, "index." + kind)))
            {
                var entry = entries[offset];
                if (Meaning(word, kind, entry) is { } meaning)
                    yield return meaning;
                if (entry.Examples.FirstOrDefault(example => Uses(example, word)) is { } example)
                    yield return new($"Use the word \"{word}\" in a sentence.", "", TextCleaner.EndSentence(TextCleaner.Capitalize(example)));
            }
        }
    }

    private static IEnumerable<(string Word, string Offset)> CommonWords(string indexFile)
    {
        foreach (var line in File.ReadLines(indexFile).Where(line => PlainWord().IsMatch(line)))
        {
            var fields = line.TrimEnd().Split(' ');
            var senses = int.Parse(fields[2]);
            var taggedSenses = int.Parse(fields[^(senses + 1)]);
            if (taggedSenses > 0)
                yield return (fields[0], fields[^senses]);
        }
    }

    private static AlpacaRow? Meaning(string word, string kind, WordNetEntry entry)
    {
        var definition = Aside().Replace(entry.Definition, "").Split(';')[0].Trim();
        if (definition.Length is < 8 or > LongestDefinition || !entry.Words.Contains(word))
            return null;
        var named = $"{(VowelSound().IsMatch(word) ? "an" : "a")} {word}";
        var isThing = kind == "noun" && ArticleFirst().IsMatch(definition);
        var answer = kind == "verb" ? $"To {word} is to {definition}." : isThing ? $"{TextCleaner.Capitalize(named)} is {definition}." : null;
        var question = (StableHash.Of(word) % 3) switch
        {
            0 when isThing => $"What is {named}?",
            1 => $"Define the word \"{word}\".",
            _ => $"What does the word \"{word}\" mean?",
        };
        return answer is null ? null : new(question, "", answer);
    }

    private static bool Uses(string example, string word) =>
        example.Length > 20 && example.Contains(' ') && Regex.IsMatch(example, $@"\b{word}\b", RegexOptions.IgnoreCase);

    [GeneratedRegex("^[a-z]{3,} ")]
    private static partial Regex PlainWord();

    [GeneratedRegex(@"\([^)]*\) ?")]
    private static partial Regex Aside();

    [GeneratedRegex(@"^(?!one\b|once\b|eu|ewe|uni|us[aeu]|ut[ei]|ura|ubi)[aeiou]|^(?:heir|hour|hono|hones)")]
    private static partial Regex VowelSound();

    [GeneratedRegex("^(a|an) ")]
    private static partial Regex ArticleFirst();
}

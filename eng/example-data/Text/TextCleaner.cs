using System.Text;
using System.Text.RegularExpressions;

namespace Neoteny.ExampleData.Text;

/// <summary>Brings text of different origins to one plain form.</summary>
internal static partial class TextCleaner
{
    /// <summary>Plain quotes and dashes, one space between words, no control characters, Unicode composed.</summary>
    public static string Clean(string text)
    {
        var plain = new StringBuilder(text.Length);
        foreach (var c in text.Normalize(NormalizationForm.FormC))
        {
            plain.Append(c switch
            {
                '\u2018' or '\u2019' or '\u201B' or '\u02BC' => "'",
                '\u201C' or '\u201D' or '\u201E' => "\"",
                '\u2013' or '\u2010' or '\u2011' => "-",
                '\u2014' or '\u2015' => " - ",
                '\u2026' => "...",
                '\uFFFD' or '\uFEFF' or '\u00AD' or '\u200B' => "",
                _ when char.IsControl(c) || char.IsWhiteSpace(c) => " ",
                _ => c.ToString(),
            });
        }
        var dashes = DoubleDash().Replace(plain.ToString(), " - ");
        return Spaces().Replace(dashes, " ").Trim();
    }

    /// <summary>Splits cleaned prose into sentences; a heuristic that serves to cut long text, not to analyse it.</summary>
    public static string[] Sentences(string paragraph) => SentenceEnd().Split(paragraph);

    /// <summary>True when most of the text is words, not figures or symbols.</summary>
    public static bool IsProse(string text)
    {
        var letters = text.Count(c => char.IsLetter(c) || c == ' ');
        return text.Length > 0 && letters >= 0.86 * text.Length;
    }

    /// <summary>The text with its first letter as a capital.</summary>
    public static string Capitalize(string text) => text.Length == 0 ? text : char.ToUpperInvariant(text[0]) + text[1..];

    /// <summary>The text with a full stop unless it ends a sentence already.</summary>
    public static string EndSentence(string text) => text.Length > 0 && ".!?\"".Contains(text[^1]) ? text : text + ".";

    [GeneratedRegex("-{2,}")]
    private static partial Regex DoubleDash();

    [GeneratedRegex(" {2,}")]
    private static partial Regex Spaces();

    [GeneratedRegex("(?<=[.!?][\"')]?) (?=[A-Z\"'(])")]
    private static partial Regex SentenceEnd();
}

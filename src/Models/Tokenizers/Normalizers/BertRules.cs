using System.Globalization;
using System.Text;
using Neoteny.Models.Tokenizers.Json;

namespace Neoteny.Models.Tokenizers.Normalizers;

/// <summary>The steps of BERT's normalizer, each switched by a key.</summary>
internal static class BertRules
{
    public static SequenceNormalizer Read(JsonValue value)
    {
        var lowercases = value.Flag("lowercase", true);
        var steps = new List<INormalizer>();
        if (value.Flag("clean_text", true))
            steps.Add(new MapNormalizer(Clean));
        if (value.Flag("handle_chinese_chars", true))
            steps.Add(new MapNormalizer(static rune => IsIdeograph(rune.Value) ? $" {rune} " : rune.ToString()));
        if (value.Flag("strip_accents", lowercases))
        {
            steps.Add(new FormNormalizer(compose: false, compatibility: false));
            steps.Add(new MapNormalizer(static rune => Rune.GetUnicodeCategory(rune) == UnicodeCategory.NonSpacingMark ? "" : rune.ToString()));
        }

        if (lowercases)
            steps.Add(new MapNormalizer(NormalizerReader.Lower));
        return new SequenceNormalizer(steps);
    }

    private static string Clean(Rune rune) => rune.Value switch
    {
        '\t' or '\n' or '\r' => " ",
        0 or 0xFFFD => "",
        _ => Rune.IsWhiteSpace(rune) && !IsControl(rune) ? " " : IsControl(rune) ? "" : rune.ToString(),
    };

    private static bool IsControl(Rune rune) => Rune.GetUnicodeCategory(rune) is
        UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned;

    private static bool IsIdeograph(int codePoint) => codePoint is
        (>= 0x4E00 and <= 0x9FFF) or (>= 0x3400 and <= 0x4DBF) or (>= 0x20000 and <= 0x2A6DF) or (>= 0x2A700 and <= 0x2B73F)
        or (>= 0x2B740 and <= 0x2B81F) or (>= 0x2B920 and <= 0x2CEAF) or (>= 0xF900 and <= 0xFAFF) or (>= 0x2F800 and <= 0x2FA1F);
}

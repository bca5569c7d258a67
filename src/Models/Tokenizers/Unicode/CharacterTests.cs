using System.Buffers;
using System.Globalization;
using System.Text;

namespace Neoteny.Models.Tokenizers.Unicode;

/// <summary>Questions about the character at an edge of a text.</summary>
internal static class CharacterTests
{
    public static bool EndsWithWord(ReadOnlySpan<char> text) =>
        Rune.DecodeLastFromUtf16(text, out var rune, out _) == OperationStatus.Done && IsWord(rune);

    public static bool StartsWithWord(ReadOnlySpan<char> text) =>
        Rune.DecodeFromUtf16(text, out var rune, out _) == OperationStatus.Done && IsWord(rune);

    public static int LengthOfRune(ReadOnlySpan<char> text)
    {
        Rune.DecodeFromUtf16(text, out _, out var used);
        return used;
    }

    // As in Unicode's annex on regular expressions: alphabetic characters (letters in circles among them), marks, digits, connectors and joiners.
    private static bool IsWord(Rune rune) => Rune.IsLetterOrDigit(rune)
        || rune.Value is 0x200C or 0x200D or (>= 0x24B6 and <= 0x24E9) or (>= 0x1F130 and <= 0x1F149) or (>= 0x1F150 and <= 0x1F169) or (>= 0x1F170 and <= 0x1F189)
        || Rune.GetUnicodeCategory(rune) is UnicodeCategory.LetterNumber or UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark
            or UnicodeCategory.EnclosingMark or UnicodeCategory.ConnectorPunctuation;
}

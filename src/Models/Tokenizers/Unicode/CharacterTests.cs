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

    private static bool IsWord(Rune rune) => Rune.IsLetterOrDigit(rune) || Rune.GetUnicodeCategory(rune) is
        UnicodeCategory.LetterNumber or UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark
        or UnicodeCategory.EnclosingMark or UnicodeCategory.ConnectorPunctuation;
}

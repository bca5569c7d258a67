using System.Buffers;
using System.Globalization;

namespace Neoteny.Models.Tokenizers.Patterns;

/// <summary>
/// A text in which every surrogate pair is one unit of the same general category: .NET's patterns see UTF-16 units, the ones in
/// tokenizer.json mean code points.
/// </summary>
internal readonly ref struct CodePointShadow
{
    /// <summary>One rarely used character of each general category, in the order of <see cref="UnicodeCategory"/>.</summary>
    private const string Representatives =
        "\uA640\uA641\u1F88\uA60C\uA4D0\uA66F\uA823\uA670\uA620\uA6E6\uA830\u3000\u2028\u2029\u0085\u2064\uD800\uE000" +
        "\u2054\u2E17\u2E28\u2E29\u2E02\u2E03\uA4FE\uFB29\uA838\uA700\uA828\uFFFE";

    private readonly char[] units;
    private readonly int[] places;
    private readonly int length;

    public CodePointShadow(ReadOnlySpan<char> text)
    {
        units = new char[text.Length];
        places = new int[text.Length + 1];
        for (var i = 0; i < text.Length; length++)
        {
            places[length] = i;
            if (System.Text.Rune.DecodeFromUtf16(text[i..], out var rune, out var used) == OperationStatus.Done && used == 2)
                units[length] = Representatives[(int)CategoryOf(rune.Value)];
            else
                units[length] = text[i];
            i += used;
        }

        places[length] = text.Length;
    }

    public ReadOnlySpan<char> Text => units.AsSpan(0, length);

    /// <summary>Where unit <paramref name="index"/> of the shadow begins in the text.</summary>
    public int Place(int index) => places[index];

    private static UnicodeCategory CategoryOf(int codePoint) => CharUnicodeInfo.GetUnicodeCategory(codePoint);
}

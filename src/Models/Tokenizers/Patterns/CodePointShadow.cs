using System.Buffers;
using System.Text;

namespace Neoteny.Models.Tokenizers.Patterns;

/// <summary>
/// A text in which every surrogate pair is one unit that the pattern treats as it: .NET's patterns see UTF-16 units, the ones in
/// tokenizer.json mean code points.
/// </summary>
internal readonly ref struct CodePointShadow
{
    private readonly char[] units;
    private readonly int[] places;
    private readonly int length;

    public CodePointShadow(ReadOnlySpan<char> text, ShadowUnits stands)
    {
        units = new char[text.Length];
        places = new int[text.Length + 1];
        for (var i = 0; i < text.Length; length++)
        {
            places[length] = i;
            if (Rune.DecodeFromUtf16(text[i..], out var rune, out var used) == OperationStatus.Done && used == 2)
                units[length] = stands.Of(rune.Value);
            else
                units[length] = text[i];
            i += used;
        }

        places[length] = text.Length;
    }

    public ReadOnlySpan<char> Text => units.AsSpan(0, length);

    /// <summary>Where unit <paramref name="index"/> of the shadow begins in the text.</summary>
    public int Place(int index) => places[index];
}

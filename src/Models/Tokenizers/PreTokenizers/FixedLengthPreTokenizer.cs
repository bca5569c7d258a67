using Neoteny.Models.Tokenizers.Unicode;

namespace Neoteny.Models.Tokenizers.PreTokenizers;

/// <summary>Splits into pieces of the same number of characters; the last may be shorter.</summary>
internal sealed class FixedLengthPreTokenizer(int length) : IPreTokenizer
{
    public void Split(Piece piece, Action<Piece> next)
    {
        for (var start = 0; start < piece.Length;)
        {
            var end = start;
            for (var n = 0; n < length && end < piece.Length; n++)
                end += CharacterTests.LengthOfRune(piece.Span[end..]);
            next(piece.Slice(start, end));
            start = end;
        }
    }
}

using System.Text;

namespace Neoteny.Models.Tokenizers.Normalizers;

/// <summary>Rewrites each character by itself; an empty text removes it.</summary>
internal sealed class MapNormalizer(Func<Rune, string> map) : INormalizer
{
    public Piece Apply(Piece piece)
    {
        var builder = new AlignedTextBuilder(piece);
        for (var i = 0; i < piece.Length;)
        {
            Rune.DecodeFromUtf16(piece.Span[i..], out var rune, out var used);
            builder.Replace(i, i + used, map(rune));
            i += used;
        }

        return Piece.Whole(builder.Build());
    }
}

using System.Text;
using Neoteny.Models.Tokenizers.Normalizers;
using Neoteny.Models.Tokenizers.PreTokenizers;

namespace Neoteny.Models.Tokenizers.Algorithms;

/// <summary>Writes text in GPT-2's alphabet, a character for each byte: before it is split, or for the steps that split it further.</summary>
internal sealed class AlphabetWriter : INormalizer, IPreTokenizer
{
    public Piece Apply(Piece piece)
    {
        var builder = new AlignedTextBuilder(piece);
        Span<byte> bytes = stackalloc byte[4];
        Span<char> characters = stackalloc char[4];
        for (var i = 0; i < piece.Length;)
        {
            Rune.DecodeFromUtf16(piece.Span[i..], out var rune, out var used);
            var count = rune.EncodeToUtf8(bytes);
            for (var b = 0; b < count; b++)
                characters[b] = ByteAlphabet.CharacterOf(bytes[b]);
            builder.Replace(i, i + used, characters[..count]);
            i += used;
        }

        return Piece.Whole(builder.Build());
    }

    public void Split(Piece piece, Action<Piece> next) => next(Apply(piece));
}

namespace Neoteny.Models.Tokenizers.PreTokenizers;

/// <summary>Puts a space before a piece that has none (<c>add_prefix_space</c> of ByteLevel).</summary>
internal sealed class PrefixSpacePreTokenizer : IPreTokenizer
{
    public void Split(Piece piece, Action<Piece> next)
    {
        if (piece.Length > 0 && piece.Span[0] != ' ')
        {
            var builder = new AlignedTextBuilder(piece);
            builder.Replace(0, 0, " ");
            builder.Keep(0, piece.Length);
            piece = Piece.Whole(builder.Build());
        }

        next(piece);
    }
}

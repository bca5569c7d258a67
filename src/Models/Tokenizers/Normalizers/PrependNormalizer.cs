namespace Neoteny.Models.Tokenizers.Normalizers;

/// <summary>Puts a text before whatever is not empty.</summary>
internal sealed class PrependNormalizer(string prefix) : INormalizer
{
    public Piece Apply(Piece piece)
    {
        if (piece.Length == 0)
            return piece;
        var builder = new AlignedTextBuilder(piece);
        builder.Replace(0, 0, prefix);
        builder.Keep(0, piece.Length);
        return Piece.Whole(builder.Build());
    }
}

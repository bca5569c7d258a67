namespace Neoteny.Models.Tokenizers.Normalizers;

/// <summary>Drops white space at the edges.</summary>
internal sealed class StripNormalizer(bool left, bool right) : INormalizer
{
    public Piece Apply(Piece piece)
    {
        var start = left ? piece.Length - piece.Span.TrimStart().Length : 0;
        var end = right ? piece.Span.TrimEnd().Length : piece.Length;
        return start < end ? piece.Slice(start, end) : piece.Slice(start, start);
    }
}

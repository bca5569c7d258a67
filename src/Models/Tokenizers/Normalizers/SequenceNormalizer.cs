namespace Neoteny.Models.Tokenizers.Normalizers;

internal sealed class SequenceNormalizer(IReadOnlyList<INormalizer> steps) : INormalizer
{
    public Piece Apply(Piece piece)
    {
        foreach (var step in steps)
            piece = step.Apply(piece);
        return piece;
    }
}

namespace Neoteny.Models.Tokenizers.PreTokenizers;

internal sealed class SequencePreTokenizer(IReadOnlyList<IPreTokenizer> steps) : IPreTokenizer
{
    public void Split(Piece piece, Action<Piece> next)
    {
        for (var i = steps.Count - 1; i >= 0; i--)
        {
            var (step, rest) = (steps[i], next);
            next = part => step.Split(part, rest);
        }

        next(piece);
    }
}

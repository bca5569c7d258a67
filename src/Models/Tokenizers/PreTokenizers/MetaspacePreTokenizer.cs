using Neoteny.Models.Tokenizers.Patterns;

namespace Neoteny.Models.Tokenizers.PreTokenizers;

/// <summary>Which pieces get the space mark in front.</summary>
internal enum PrependScheme
{
    Always,
    First,
    Never,
}

/// <summary>SentencePiece's treatment of spaces: they become a visible mark, and words begin with it.</summary>
internal sealed class MetaspacePreTokenizer(string mark, PrependScheme scheme, bool splits) : IPreTokenizer
{
    private readonly SplitPreTokenizer words = new(SplitPattern.Literal(mark), SplitBehavior.MergedWithNext);

    public void Split(Piece piece, Action<Piece> next)
    {
        if (piece.Length == 0)
            return;
        var marked = Mark(piece);
        if (splits)
            words.Split(marked, next);
        else
            next(marked);
    }

    private Piece Mark(Piece piece)
    {
        var builder = new AlignedTextBuilder(piece);
        var opens = piece.Span[0] == ' ' || piece.Span.StartsWith(mark);
        if (!opens && (scheme == PrependScheme.Always || (scheme == PrependScheme.First && piece.OpensText)))
            builder.Replace(0, 0, mark);
        var done = 0;
        for (var i = 0; i < piece.Length; i++)
        {
            if (piece.Span[i] != ' ')
                continue;
            builder.Keep(done, i);
            builder.Replace(i, i + 1, mark);
            done = i + 1;
        }

        builder.Keep(done, piece.Length);
        return Piece.Whole(builder.Build());
    }
}

using Neoteny.Models.Tokenizers.Patterns;

namespace Neoteny.Models.Tokenizers.PreTokenizers;

/// <summary>Splits at the matches of a pattern, or, inverted, at what lies between them.</summary>
internal sealed class SplitPreTokenizer(SplitPattern pattern, SplitBehavior behavior, bool invert = false) : IPreTokenizer
{
    public void Split(Piece piece, Action<Piece> next)
    {
        var parts = new Parts(piece, behavior, next);
        pattern.Matches(piece.Span, (parts, invert), static (state, start, end) => state.parts.Match(start, end, !state.invert));
        parts.Finish(invert);
    }

    /// <summary>Turns matches and the gaps between them into pieces, in order.</summary>
    private sealed class Parts(Piece piece, SplitBehavior behavior, Action<Piece> next)
    {
        private int done;
        private int pendingStart = -1;
        private int pendingEnd;
        private bool previousDelimits;

        public void Match(int start, int end, bool delimits)
        {
            if (start > done)
                Add(done, start, !delimits);
            Add(start, end, delimits);
            done = end;
        }

        public void Finish(bool gapDelimits)
        {
            if (done < piece.Length)
                Add(done, piece.Length, gapDelimits);
            Flush();
        }

        private void Add(int start, int end, bool delimits)
        {
            if (behavior == SplitBehavior.Isolated)
                Emit(start, end);
            else if (behavior == SplitBehavior.Removed)
                Emit(start, delimits ? start : end);
            else if (pendingStart >= 0 && Joins(delimits))
                pendingEnd = end;
            else
                Hold(start, end);
            previousDelimits = delimits;
        }

        private bool Joins(bool delimits) => behavior switch
        {
            SplitBehavior.Contiguous => delimits == previousDelimits,
            SplitBehavior.MergedWithPrevious => delimits && !previousDelimits,
            _ => previousDelimits && !delimits,
        };

        private void Hold(int start, int end)
        {
            Flush();
            (pendingStart, pendingEnd) = (start, end);
        }

        private void Flush()
        {
            if (pendingStart >= 0)
                Emit(pendingStart, pendingEnd);
        }

        private void Emit(int start, int end)
        {
            if (end > start)
                next(piece.Slice(start, end));
        }
    }
}

using System.Buffers;
using Neoteny.Models.Tokenizers.Unicode;

namespace Neoteny.Models.Tokenizers;

/// <summary>Finds added tokens: the leftmost, and of those that begin there the longest.</summary>
internal sealed class AddedTokenMatcher
{
    private readonly SearchValues<string> anywhere;
    private readonly Dictionary<char, (string Text, AddedToken Token)[]> byFirst;

    public AddedTokenMatcher(IEnumerable<(string Text, AddedToken Token)> tokens)
    {
        var usable = tokens.Where(pair => pair.Text.Length > 0).ToArray();
        anywhere = SearchValues.Create([.. usable.Select(pair => pair.Text)], StringComparison.Ordinal);
        byFirst = usable.GroupBy(pair => pair.Text[0])
            .ToDictionary(group => group.Key, group => group.OrderByDescending(pair => pair.Text.Length).ToArray());
    }

    /// <summary>Calls <paramref name="visit"/> for every part in order: a piece of text, or a piece and the token that it is.</summary>
    public void Split(Piece piece, Action<Piece, AddedToken?> visit)
    {
        var text = piece.Span;
        var done = 0;
        for (var at = 0; byFirst.Count > 0 && at < text.Length;)
        {
            var offset = text[at..].IndexOfAny(anywhere);
            if (offset < 0)
                break;
            at += offset;
            var (content, token) = Longest(text, at);
            var end = at + content.Length;
            if (!token.SingleWord || IsAlone(text, at, end))
                done = Visit(piece, done, at, end, token, visit);
            at = Math.Max(end, done);
        }

        if (done < piece.Length)
            visit(piece.Slice(done, piece.Length), null);
    }

    private static int Visit(Piece piece, int done, int start, int end, AddedToken token, Action<Piece, AddedToken?> visit)
    {
        if (token.LeftStrip)
            start = done + piece.Span[done..start].TrimEnd().Length;
        if (token.RightStrip)
            end = piece.Length - piece.Span[end..].TrimStart().Length;
        if (done < start)
            visit(piece.Slice(done, start), null);
        visit(piece.Slice(start, end), token);
        return end;
    }

    private static bool IsAlone(ReadOnlySpan<char> text, int start, int end) =>
        !CharacterTests.EndsWithWord(text[..start]) && !CharacterTests.StartsWithWord(text[end..]);

    private (string Text, AddedToken Token) Longest(ReadOnlySpan<char> text, int at)
    {
        foreach (var candidate in byFirst[text[at]])
        {
            if (text[at..].StartsWith(candidate.Text))
                return candidate;
        }

        throw new InvalidOperationException("The search found a token that is none.");
    }
}

using Neoteny.Models.Tokenizers.Patterns;

namespace Neoteny.Models.Tokenizers.Normalizers;

/// <summary>Writes a fixed text for every match of a pattern.</summary>
internal sealed class ReplaceNormalizer(SplitPattern pattern, string content) : INormalizer
{
    public Piece Apply(Piece piece)
    {
        var matches = new List<(int Start, int End)>();
        pattern.Matches(piece.Span, matches, static (found, start, end) => found.Add((start, end)));
        if (matches.Count == 0)
            return piece;
        var builder = new AlignedTextBuilder(piece);
        var done = 0;
        foreach (var (start, end) in matches)
        {
            builder.Keep(done, start);
            builder.Replace(start, end, content);
            done = end;
        }

        builder.Keep(done, piece.Length);
        return Piece.Whole(builder.Build());
    }
}

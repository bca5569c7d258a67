using System.Text;
using Neoteny.Models.Tokenizers.Unicode;

namespace Neoteny.Models.Tokenizers.Normalizers;

/// <summary>NFC, NFD, NFKC or NFKD. Text without anything to normalize passes through untouched.</summary>
internal sealed class FormNormalizer(bool compose, bool compatibility) : INormalizer
{
    private readonly UnicodeNormalizer normalizer = new(compose, compatibility);

    public Piece Apply(Piece piece)
    {
        var at = NextRun(piece.Span, 0);
        if (at >= piece.Length)
            return piece;
        var builder = new AlignedTextBuilder(piece);
        var done = 0;
        while (at < piece.Length)
        {
            var end = EndOfRun(piece.Span, at);
            builder.Keep(done, at);
            var run = piece.Span[at..end];
            var normalized = normalizer.Normalize(run);
            if (run.SequenceEqual(normalized))
                builder.Keep(at, end);
            else
                builder.Replace(at, end, normalized);
            done = end;
            at = NextRun(piece.Span, end);
        }

        builder.Keep(done, piece.Length);
        return Piece.Whole(builder.Build());
    }

    /// <summary>The start of the next run that may change: the character before the first one that is not inert.</summary>
    private int NextRun(ReadOnlySpan<char> text, int from)
    {
        var previous = from;
        for (var i = from; i < text.Length;)
        {
            if (text[i] < 0x80)
            {
                var ascii = text[i..].IndexOfAnyExceptInRange('\0', '\x7F');
                if (ascii < 0)
                    return text.Length;
                i += ascii;
                previous = i - 1;
            }

            Rune.DecodeFromUtf16(text[i..], out var rune, out var used);
            if (!normalizer.IsInert(rune))
                return Math.Max(previous, from);
            previous = i;
            i += used;
        }

        return text.Length;
    }

    private int EndOfRun(ReadOnlySpan<char> text, int start)
    {
        var i = start + CharacterTests.LengthOfRune(text[start..]);
        while (i < text.Length)
        {
            Rune.DecodeFromUtf16(text[i..], out var rune, out var used);
            if (normalizer.IsInert(rune))
                break;
            i += used;
        }

        return i;
    }
}

using Neoteny.Attention;
using Neoteny.Runtime.AttentionOperators;

namespace Neoteny.Plugins.Sdpa;

/// <summary>Neighbouring documents of a packed row that run in one call on Hopper.</summary>
/// <param name="First">The first document.</param>
/// <param name="Count">How many.</param>
/// <param name="Start">Its first row.</param>
/// <param name="Rows">Rows of all of them.</param>
/// <param name="Padded">The length that cuDNN's dense kernel runs each at; 0 where they go to the variable-length kernel.</param>
internal readonly record struct RowSegment(int First, int Count, int Start, int Rows, int Padded)
{
    /// <summary>Tokens of each document where they are equally long.</summary>
    public int Length => Rows / Count;

    public bool IsDense => Padded > 0;

    /// <summary>The same for the dense kernel.</summary>
    public DenseDocuments Documents => new(Start, Count, Length, Padded);

    /// <summary>
    /// Cuts a row: documents long enough for cuDNN's dense kernel each at a length from a ladder, neighbours of one such length as a batch,
    /// everything between them together.
    /// </summary>
    /// <remarks>
    /// libtorch keeps a cuDNN plan for each exact shape and needs 100 ms to make one for both directions, while real documents bring new lengths every step. So a
    /// document runs at the next of sixteen lengths an octave: at most 13 % more work, and under 100 plans for all lengths up to 65536.
    /// </remarks>
    public static List<RowSegment> Cut(SequenceLayout layout, AttentionSpec spec)
    {
        var lengths = layout.QueryLengths;
        var segments = new List<RowSegment>();
        for (int i = 0, start = 0; i < lengths.Count;)
        {
            var count = 1;
            while (i + count < lengths.Count && lengths[i + count] == lengths[i])
            {
                count++;
            }

            var next = Piece(new RowSegment(i, count, start, count * lengths[i], 0), spec);
            if (!next.IsDense && segments is [.., { IsDense: false } last])
            {
                segments[^1] = last with { Count = last.Count + next.Count, Rows = last.Rows + next.Rows };
            }
            else
            {
                segments.Add(next);
            }

            (i, start) = (i + next.Count, start + next.Rows);
        }

        return segments;
    }

    /// <summary>The next length of the ladder: steps of a sixteenth of the power of two below, of 128 at least.</summary>
    public static int Ladder(int length)
    {
        var step = Math.Max(128, (1 << int.Log2(length)) / 16);
        return (length + step - 1) / step * step;
    }

    /// <summary>All equal neighbours where they need no padding; else the first of them, or all together for the variable-length kernel.</summary>
    private static RowSegment Piece(RowSegment equal, AttentionSpec spec)
    {
        var padded = Ladder(equal.Length);
        var whole = padded == equal.Length;
        var shortest = spec.HeadSize > 64 ? 1024 : 1536;
        if (equal.Length >= shortest || (whole && equal.Length >= shortest / 2 && equal.Rows >= 4 * shortest))
        {
            return whole ? equal with { Padded = padded } : equal with { Count = 1, Rows = equal.Length, Padded = padded };
        }

        return equal;
    }
}

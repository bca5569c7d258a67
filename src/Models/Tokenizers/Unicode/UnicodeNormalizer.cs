using System.Text;

namespace Neoteny.Models.Tokenizers.Unicode;

/// <summary>Normalization forms NFC, NFD, NFKC and NFKD over one run of characters (Unicode Standard Annex 15).</summary>
internal sealed class UnicodeNormalizer(bool compose, bool compatibility)
{
    private readonly NormalizationTables tables = NormalizationTables.Instance;

    /// <summary>Whether a character neither changes by itself nor joins what stands before it.</summary>
    public bool IsInert(Rune rune) =>
        rune.Value < 0x80 || (tables.Class(rune.Value) == 0 && !MayJoin(rune.Value) && !Decomposes(rune.Value));

    /// <summary>Normalizes a run that begins at a boundary.</summary>
    public string Normalize(ReadOnlySpan<char> run)
    {
        var points = new List<int>(run.Length);
        foreach (var rune in run.EnumerateRunes())
            Decompose(rune.Value, points);
        Order(points);
        if (compose)
            Compose(points);
        var text = new StringBuilder(points.Count);
        foreach (var point in points)
            text.Append(new Rune(point).ToString());
        return text.ToString();
    }

    // A vowel or trail of Hangul joins the syllable before it.
    private bool MayJoin(int point) => point is >= 0x1161 and <= 0x11C2 || tables.JoinsWhatPrecedes(point);

    private bool Decomposes(int point) => point is >= 0xAC00 and <= 0xD7A3
        ? !compose
        : tables.Decomposition(point, compatibility) is { } parts && !(compose && IsRestored(point, parts));

    // A letter whose parts change no further composes to itself again.
    private bool IsRestored(int point, int[] parts) =>
        parts.Length == 2 && tables.Compose(parts[0], parts[1]) == point && !Decomposes(parts[0]) && !Decomposes(parts[1]);

    private void Decompose(int point, List<int> output)
    {
        if (Hangul.TryDecompose(point, output))
            return;
        if (tables.Decomposition(point, compatibility) is not { } parts)
        {
            output.Add(point);
            return;
        }

        foreach (var part in parts)
            Decompose(part, output);
    }

    private void Order(List<int> points)
    {
        for (var start = 0; start < points.Count; start++)
        {
            var end = start;
            while (end < points.Count && tables.Class(points[end]) != 0)
                end++;
            if (end - start < 2)
                continue;
            var ordered = points.GetRange(start, end - start).OrderBy(tables.Class).ToArray();
            for (var i = 0; i < ordered.Length; i++)
                points[start + i] = ordered[i];
            start = end;
        }
    }

    private void Compose(List<int> points)
    {
        var (starter, blocking, kept) = (-1, -1, 0);
        foreach (var point in points.ToArray())
        {
            var rank = tables.Class(point);
            if (starter >= 0 && blocking < rank && Joined(points[starter], point) is >= 0 and var joined)
            {
                points[starter] = joined;
                continue;
            }

            (starter, blocking) = rank == 0 ? (kept, -1) : (starter, rank);
            points[kept++] = point;
        }

        points.RemoveRange(kept, points.Count - kept);
    }

    private int Joined(int first, int second) =>
        Hangul.Compose(first, second) is >= 0 and var syllable ? syllable : tables.Compose(first, second);
}

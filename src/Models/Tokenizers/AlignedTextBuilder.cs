using System.Text;

namespace Neoteny.Models.Tokenizers;

/// <summary>Rewrites a piece while keeping track of where each unit came from.</summary>
internal sealed class AlignedTextBuilder(Piece source)
{
    private readonly StringBuilder text = new(source.Length + 4);
    private readonly List<int> starts = new(source.Length + 4);
    private readonly List<int> ends = new(source.Length + 4);

    public int Length => text.Length;

    /// <summary>Copies the units of the piece from <paramref name="start"/> up to <paramref name="end"/>.</summary>
    public void Keep(int start, int end)
    {
        for (var i = start; i < end; i++)
        {
            text.Append(source.Span[i]);
            starts.Add(source.Source.OriginalStart(source.Start + i));
            ends.Add(source.Source.OriginalEnd(source.Start + i));
        }
    }

    /// <summary>Writes <paramref name="replacement"/> for the units from <paramref name="start"/> up to <paramref name="end"/>.</summary>
    public void Replace(int start, int end, ReadOnlySpan<char> replacement)
    {
        var original = end > start
            ? source.Source.Original(source.Start + start, source.Start + end)
            : Insertion(start);
        foreach (var unit in replacement)
        {
            text.Append(unit);
            starts.Add(original.Start);
            ends.Add(original.End);
        }
    }

    public AlignedText Build() => new(text.ToString(), [.. starts], [.. ends]);

    private TextSpan Insertion(int at)
    {
        var place = source.Length == 0 ? 0
            : at < source.Length ? source.Source.OriginalStart(source.Start + at)
            : source.Source.OriginalEnd(source.End - 1);
        return new TextSpan(place, place);
    }
}

namespace Neoteny.Models.Tokenizers;

/// <summary>A text after some rewriting, with the original range of each of its UTF-16 units.</summary>
internal sealed class AlignedText
{
    private readonly int[]? starts;
    private readonly int[]? ends;

    public AlignedText(string text) => Text = text;

    public AlignedText(string text, int[] starts, int[] ends)
    {
        Text = text;
        this.starts = starts;
        this.ends = ends;
    }

    public string Text { get; }

    public int OriginalStart(int index) => starts is null ? index : starts[index];

    public int OriginalEnd(int index) => ends is null ? index + 1 : ends[index];

    /// <summary>The original range of the units from <paramref name="start"/> up to <paramref name="end"/>, which is larger.</summary>
    public TextSpan Original(int start, int end) => new(OriginalStart(start), OriginalEnd(end - 1));
}

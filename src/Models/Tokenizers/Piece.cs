namespace Neoteny.Models.Tokenizers;

/// <summary>A part of a text on its way to the model.</summary>
internal readonly record struct Piece(AlignedText Source, int Start, int Length)
{
    public int End => Start + Length;

    public ReadOnlySpan<char> Span => Source.Text.AsSpan(Start, Length);

    /// <summary>Whether the piece begins where the original text does.</summary>
    public bool OpensText => Length > 0 && Source.OriginalStart(Start) == 0;

    public static Piece Whole(AlignedText text) => new(text, 0, text.Text.Length);

    public Piece Slice(int start, int end) => new(Source, Start + start, end - start);
}

namespace Neoteny.Models.Tokenizers;

/// <summary>The tokens of a text and where each came from.</summary>
/// <remarks>
/// <see cref="Spans"/> has one entry for every id. Tokens that the post-processor adds (a beginning of text, for instance) have an empty
/// span. A token that holds only some bytes of a character spans the whole character, so neighbours may share it.
/// </remarks>
public sealed class EncodedText
{
    /// <summary>Token ids in order.</summary>
    public required int[] Ids { get; init; }

    /// <summary>For every id, the range of the original text that it stands for.</summary>
    public required TextSpan[] Spans { get; init; }
}

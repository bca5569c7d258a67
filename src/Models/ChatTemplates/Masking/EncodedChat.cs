using Neoteny.Models.Tokenizers;

namespace Neoteny.Models.ChatTemplates;

/// <summary>A conversation as tokens, and which of them are trained.</summary>
public sealed class EncodedChat
{
    /// <summary>The rendered conversation.</summary>
    public required string Text { get; init; }

    /// <summary>Token ids of <see cref="Text"/>.</summary>
    public required int[] Ids { get; init; }

    /// <summary>For every id, whether the model is trained to predict it.</summary>
    public required bool[] Trained { get; init; }

    /// <summary>For every id, its range in <see cref="Text"/>.</summary>
    public required TextSpan[] Spans { get; init; }
}

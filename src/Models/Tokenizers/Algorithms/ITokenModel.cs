namespace Neoteny.Models.Tokenizers.Algorithms;

/// <summary>Turns one piece of text into tokens. Safe to call from several threads.</summary>
internal interface ITokenModel
{
    Vocabulary Vocabulary { get; }

    Word Encode(ReadOnlySpan<char> piece);
}

namespace Neoteny.Training.Data;

/// <summary>Turns text into token ids. May be called from several threads at once.</summary>
public interface ITextEncoder
{
    /// <summary>The token that ends a text, or null.</summary>
    int? EndId { get; }

    /// <summary>The ids of a text.</summary>
    /// <param name="text">Any text.</param>
    /// <param name="addSpecialTokens">Whether the tokenizer's own special tokens (a beginning of text, for instance) are added.</param>
    int[] Encode(string text, bool addSpecialTokens);
}

using Neoteny.Models.Tokenizers;

namespace Neoteny.Training.Data;

/// <summary>A Hugging Face tokenizer as the datasets see it.</summary>
/// <param name="tokenizer">The tokenizer.</param>
public sealed class TokenizerTextEncoder(Tokenizer tokenizer) : ITextEncoder
{
    /// <inheritdoc/>
    public int? EndId => tokenizer.EosId;

    /// <inheritdoc/>
    public int? BeginId => tokenizer.BosId;

    /// <inheritdoc/>
    public int[] Encode(string text, bool addSpecialTokens) => tokenizer.Encode(text, addSpecialTokens);
}

using Neoteny.Models.Tokenizers;
using Neoteny.Training.Data;

namespace Neoteny.Host.Runs;

/// <summary>Gives training data the model's tokenizer.</summary>
internal sealed class TokenizerText(Tokenizer tokenizer) : ITextEncoder
{
    public int? EndId => tokenizer.EosId;

    public int[] Encode(string text, bool addSpecialTokens) => tokenizer.Encode(text, addSpecialTokens);
}

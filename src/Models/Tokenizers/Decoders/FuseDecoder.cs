namespace Neoteny.Models.Tokenizers.Decoders;

/// <summary>Joins all tokens, so that the steps behind it see one text.</summary>
internal sealed class FuseDecoder : IDecoder
{
    public List<string> Apply(List<string> tokens) => [string.Concat(tokens)];
}

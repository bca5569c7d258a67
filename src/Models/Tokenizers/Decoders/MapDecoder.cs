namespace Neoteny.Models.Tokenizers.Decoders;

/// <summary>Rewrites each token by itself, given its place and the number of tokens.</summary>
internal sealed class MapDecoder(Func<string, int, int, string> map) : IDecoder
{
    public List<string> Apply(List<string> tokens) => [.. tokens.Select((token, i) => map(token, i, tokens.Count))];
}

namespace Neoteny.Models.Tokenizers.Decoders;

internal sealed class SequenceDecoder(IReadOnlyList<IDecoder> steps) : IDecoder
{
    public List<string> Apply(List<string> tokens)
    {
        foreach (var step in steps)
            tokens = step.Apply(tokens);
        return tokens;
    }
}

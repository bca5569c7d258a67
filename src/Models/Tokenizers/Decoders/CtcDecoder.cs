namespace Neoteny.Models.Tokenizers.Decoders;

/// <summary>Reads the output of a model that names a token for each moment (connectionist temporal classification): repetitions are one token, padding separates.</summary>
/// <remarks>As in the reference, words are told apart only where it cleans up.</remarks>
internal sealed class CtcDecoder(string padding, string delimiter, bool cleansUp) : IDecoder
{
    public List<string> Apply(List<string> tokens) =>
        [.. tokens.Where((token, i) => i == 0 || token != tokens[i - 1]).Select(Text).Where(text => text.Length > 0)];

    private string Text(string token)
    {
        var text = token.Replace(padding, "", StringComparison.Ordinal);
        return cleansUp ? WordPieceDecoder.CleanUp(text).Replace(delimiter, " ", StringComparison.Ordinal) : text;
    }
}

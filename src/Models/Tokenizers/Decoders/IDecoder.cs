namespace Neoteny.Models.Tokenizers.Decoders;

/// <summary>One step from tokens back to text; the texts that the last step leaves are joined.</summary>
internal interface IDecoder
{
    List<string> Apply(List<string> tokens);
}

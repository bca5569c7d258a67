namespace Neoteny.Models.Tokenizers.Normalizers;

/// <summary>Rewrites text before it is split.</summary>
internal interface INormalizer
{
    Piece Apply(Piece piece);
}

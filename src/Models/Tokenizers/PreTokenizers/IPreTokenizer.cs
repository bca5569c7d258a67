namespace Neoteny.Models.Tokenizers.PreTokenizers;

/// <summary>Splits text into the pieces that the model sees one by one.</summary>
internal interface IPreTokenizer
{
    void Split(Piece piece, Action<Piece> next);
}

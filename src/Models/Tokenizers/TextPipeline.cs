using Neoteny.Models.Tokenizers.Algorithms;
using Neoteny.Models.Tokenizers.Normalizers;
using Neoteny.Models.Tokenizers.PreTokenizers;

namespace Neoteny.Models.Tokenizers;

/// <summary>From text to ids: added tokens, normalizer, added tokens again, pre-tokenizer, model.</summary>
internal sealed class TextPipeline
{
    private readonly INormalizer? normalizer;
    private readonly IPreTokenizer? preTokenizer;
    private readonly ITokenModel model;
    private readonly AddedTokenMatcher verbatim;
    private readonly AddedTokenMatcher normalized;

    public TextPipeline(INormalizer? normalizer, IPreTokenizer? preTokenizer, ITokenModel model, IReadOnlyCollection<AddedToken> added)
    {
        this.normalizer = normalizer;
        this.preTokenizer = preTokenizer;
        this.model = model;
        verbatim = new AddedTokenMatcher(added.Where(token => !token.Normalized).Select(token => (token.Content, token)));
        normalized = new AddedTokenMatcher(added.Where(token => token.Normalized).Select(token => (Normalize(token.Content), token)));
    }

    /// <summary>Appends the tokens of <paramref name="text"/>; where <paramref name="spans"/> is not null, their ranges too.</summary>
    public void Encode(string text, List<int> ids, List<TextSpan>? spans)
    {
        void AddWord(Piece piece) => Append(piece, ids, spans);
        void AddNormalized(Piece piece, AddedToken? token)
        {
            if (token is not null)
                Append(piece, token, ids, spans);
            else if (preTokenizer is null)
                AddWord(piece);
            else
                preTokenizer.Split(piece, AddWord);
        }

        verbatim.Split(Piece.Whole(new AlignedText(text)), (piece, token) =>
        {
            if (token is not null)
                Append(piece, token, ids, spans);
            else
                normalized.Split(normalizer?.Apply(piece) ?? piece, AddNormalized);
        });
    }

    /// <summary>The text that an added token stands for: one that is matched after the normalizer stands for normalized text.</summary>
    public string TextOf(AddedToken token) => token.Normalized ? Normalize(token.Content) : token.Content;

    private static void Append(Piece piece, AddedToken token, List<int> ids, List<TextSpan>? spans)
    {
        ids.Add(token.Id);
        spans?.Add(piece.Source.Original(piece.Start, piece.End));
    }

    private void Append(Piece piece, List<int> ids, List<TextSpan>? spans)
    {
        if (piece.Length == 0)
            return;
        var word = model.Encode(piece.Span);
        ids.AddRange(word.Ids);
        for (var i = 0; spans is not null && i < word.Ids.Length; i++)
            spans.Add(piece.Source.Original(piece.Start + word.Starts[i], piece.Start + word.Ends[i]));
    }

    private string Normalize(string text) => normalizer?.Apply(Piece.Whole(new AlignedText(text))).Span.ToString() ?? text;
}

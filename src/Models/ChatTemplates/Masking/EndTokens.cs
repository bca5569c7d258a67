using Neoteny.Models.Tokenizers;

namespace Neoteny.Models.ChatTemplates.Masking;

/// <summary>The tokens that can end a turn, and what is trained of them.</summary>
internal sealed class EndTokens
{
    private readonly ChatTraining training;
    private readonly int? eos;
    private readonly HashSet<int> candidates;

    public EndTokens(Tokenizer tokenizer, ChatTraining training)
    {
        this.training = training;
        eos = tokenizer.EosId;
        candidates = training.EotTokens.Count == 0
            ? [.. tokenizer.SpecialIds]
            : [.. training.EotTokens.Select(token => tokenizer.IdOf(token)
                ?? throw new InputException($"eot_tokens: the tokenizer has no token '{token}'. Take it out, or add it to the tokenizer."))];
        if (eos is { } id)
            candidates.Add(id);
    }

    public EndTokenTraining PolicyOf(int id) => id == eos ? training.TrainOnEos : training.TrainOnEot ?? training.TrainOnEos;

    /// <summary>The token that ends the turn, or null where its template writes none.</summary>
    public int? Find(EncodedText encoded, string text, TurnBounds turn)
    {
        if (turn.TurnEnd is not { } end)
            return FirstBehind(encoded, text, turn.End);
        for (var i = encoded.Ids.Length - 1; i >= 0 && encoded.Spans[i].Start >= turn.Start; i--)
        {
            if (encoded.Spans[i].End <= end && candidates.Contains(encoded.Ids[i]))
                return IsBlank(text, encoded.Spans[i].End, end) ? i : null;
        }

        return null;
    }

    private int? FirstBehind(EncodedText encoded, string text, int contentEnd)
    {
        for (var i = 0; i < encoded.Ids.Length; i++)
        {
            if (encoded.Spans[i].Start >= contentEnd && candidates.Contains(encoded.Ids[i]))
                return IsBlank(text, contentEnd, encoded.Spans[i].Start) ? i : null;
        }

        return null;
    }

    private static bool IsBlank(string text, int start, int end) => text.AsSpan(start, end - start).IsWhiteSpace();
}

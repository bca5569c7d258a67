using Neoteny.Models.Tokenizers;

namespace Neoteny.Models.Generation;

/// <summary>One prompt and what was added to it so far.</summary>
internal sealed class GeneratingSequence
{
    private readonly GenerationOptions options;
    private readonly DecodeStream? decoder;
    private readonly StopText stops;
    private readonly List<int> ids;
    private readonly int promptLength;

    public GeneratingSequence(int index, int[] prompt, GenerationOptions options, Tokenizer? tokenizer)
    {
        (Index, ids, promptLength, this.options) = (index, [.. prompt], prompt.Length, options);
        decoder = tokenizer is null ? null : new DecodeStream(tokenizer, skipSpecialTokens: true);
        stops = new StopText(options.StopStrings);
    }

    public int Index { get; }

    /// <summary>Prompt and new tokens.</summary>
    public IReadOnlyList<int> Ids => ids;

    /// <summary>New tokens.</summary>
    public int Count => ids.Count - promptLength;

    public bool IsDone { get; private set; }

    public GeneratedToken Add(int id)
    {
        ids.Add(id);
        var isEnd = options.EosTokenIds.Contains(id);
        var isLast = isEnd || Count >= options.MaxNewTokens;
        var piece = decoder is null ? "" : isEnd ? decoder.Finish() : decoder.Add(id) + (isLast ? decoder.Finish() : "");
        var text = stops.Add(piece, isLast);
        StopReason? stop = stops.IsFound ? StopReason.StopString : isEnd ? StopReason.EndOfSequence : isLast ? StopReason.Length : null;
        IsDone = stop is not null;
        return new GeneratedToken { Prompt = Index, Id = id, Text = text, Stop = stop };
    }
}

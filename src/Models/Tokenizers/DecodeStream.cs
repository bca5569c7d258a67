using System.Runtime.InteropServices;

namespace Neoteny.Models.Tokenizers;

/// <summary>Decodes tokens as they are generated, without ever handing out half a character.</summary>
/// <remarks>The texts returned, joined, are what <see cref="Tokenizer.Decode"/> gives for all ids. For one sequence, one thread.</remarks>
public sealed class DecodeStream(Tokenizer tokenizer, bool skipSpecialTokens)
{
    /// <summary>A character has at most four bytes: whatever is open for longer is no character.</summary>
    private const int LongestOpen = 8;
    private readonly List<int> window = [];
    private int shown;

    /// <summary>Takes one id and returns the text that it completes, which may be empty.</summary>
    public string Add(int id)
    {
        window.Add(id);
        return Advance(final: false);
    }

    /// <summary>Returns what is still open, with U+FFFD for bytes that never became a character.</summary>
    public string Finish() => Advance(final: true);

    private string Advance(bool final)
    {
        var ids = CollectionsMarshal.AsSpan(window);
        var before = tokenizer.Decode(ids[..shown], skipSpecialTokens);
        var now = tokenizer.Decode(ids, skipSpecialTokens);
        var open = now.EndsWith('\uFFFD') && window.Count - shown < LongestOpen && !final;
        if (open || now.Length <= before.Length)
            return "";
        // What was shown last stays as context: decoders treat the first token of a text differently.
        window.RemoveRange(0, shown);
        shown = window.Count;
        return now[before.Length..];
    }
}

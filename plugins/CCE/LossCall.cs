using Neoteny.Losses;
using Neoteny.Plugins.CCE.Head;
using Neoteny.Plugins.CCE.Tiles;
using static TorchSharp.torch;

namespace Neoteny.Plugins.CCE;

// T tokens, H hidden, V vocabulary

/// <summary>What both ways of cutting a call work on.</summary>
/// <param name="Input">The call as the host made it.</param>
/// <param name="Terms">The loss.</param>
/// <param name="Hidden">Hidden states <c>[T, H]</c> of the tokens to compute, in the dtype of the products.</param>
/// <param name="Rows">Their labels and statistics.</param>
/// <param name="Weight">The head's rented weight <c>[V, H]</c>; null where its format brings products of its own.</param>
/// <param name="Math">What computes on tiles.</param>
internal sealed record LossCall(LossInput Input, LossTerms Terms, Tensor Hidden, TokenRows Rows, Tensor? Weight, ITileMath Math)
{
    /// <summary>T.</summary>
    public long Tokens => Rows.Count;

    /// <summary>V.</summary>
    public long Vocabulary => Terms.Vocabulary;

    /// <summary>The same for some of the tokens.</summary>
    public LossCall Part(long from, long count) => this with { Hidden = Hidden.narrow(0, from, count), Rows = Rows.Narrow(from, count) };

    /// <summary>Starts a block of tokens.</summary>
    public TokenBlock Block(long from, long count, Tensor? gradient_TH)
        => new(Input.Head, Hidden.narrow(0, from, count), Rows.Narrow(from, count), gradient_TH?.narrow(0, from, count));

    /// <summary>Takes a range of the head.</summary>
    public HeadTile Tile(long first, long count) => new(Input.Head, Weight, Hidden.dtype, first, count);

    /// <summary>Cuts a length.</summary>
    public static IReadOnlyList<(long From, long Count)> Ranges(long length, long size)
        => [.. Enumerable.Range(0, (int)((length + size - 1) / size)).Select(i => (i * size, System.Math.Min(size, length - (i * size))))];
}

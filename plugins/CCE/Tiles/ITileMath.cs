using static TorchSharp.torch;

namespace Neoteny.Plugins.CCE.Tiles;

// C tokens, N labels: a tile of the logits

/// <summary>What is computed on a tile of logits: a block of tokens by a range of the vocabulary.</summary>
/// <remarks>
/// <para>
/// Loss and gradient need no more of a row of logits than its log-sum-exp and the label's logit. So <see cref="Gather"/> takes tiles in any order and keeps
/// a few numbers a token; <see cref="TokenRows.Finish"/> makes log-sum-exp and loss of them; and <see cref="Differentiate"/> turns a tile, kept or computed again,
/// into its gradient.
/// </para>
/// <para>
/// Nothing here knows where a tile comes from or how many there are. Sequence tiling calls it for one slice of the tokens after another, and a head of
/// which each rank holds a range of the vocabulary merges the ranks' <see cref="TokenRows"/> between the two calls.
/// </para>
/// </remarks>
internal interface ITileMath
{
    /// <summary>The plain calls of libtorch, for any device and dtype.</summary>
    static ITileMath Composed { get; } = new ComposedTiles();

    /// <summary>Adds a tile to the statistics of its tokens.</summary>
    /// <param name="z_CN">Raw logits, as the products made them; unchanged.</param>
    /// <param name="first">The label of column 0.</param>
    /// <param name="rows">The tokens.</param>
    /// <param name="terms">Softcap and smoothing.</param>
    /// <param name="most_C">Receives the largest logit of each token in this tile, fp32 without gaps; null where nobody asks. Left as it is for ignored tokens.</param>
    void Gather(Tensor z_CN, long first, TokenRows rows, LossTerms terms, Tensor? most_C);

    /// <summary>Turns a tile into its gradient, in place; zero for ignored tokens.</summary>
    /// <param name="z_CN">Raw logits.</param>
    /// <param name="first">The label of column 0.</param>
    /// <param name="rows">The tokens, finished.</param>
    /// <param name="terms">Everything but <see cref="LossTerms.Vocabulary"/> counts for a part of the vocabulary as for the whole.</param>
    void Differentiate(Tensor z_CN, long first, TokenRows rows, LossTerms terms);

    /// <summary>Statistics, losses and gradient of a tile that holds the whole vocabulary.</summary>
    /// <param name="z_CV">Raw logits; become their gradient where it is wanted.</param>
    /// <param name="rows">The tokens, of which nothing is known before.</param>
    /// <param name="terms">The terms.</param>
    /// <param name="differentiate">Whether the gradient is wanted.</param>
    void Whole(Tensor z_CV, TokenRows rows, LossTerms terms, bool differentiate)
    {
        Gather(z_CV, 0, rows, terms, null);
        rows.Finish(terms);
        if (differentiate)
        {
            Differentiate(z_CV, 0, rows, terms);
        }
    }
}

using Neoteny.Runtime;
using static TorchSharp.torch;

namespace Neoteny.Plugins.CCE;

// T tokens, C tokens of one block

/// <summary>What tiles of the vocabulary gather about tokens, until log-sum-exp and loss are known. fp32, on the device of the logits.</summary>
/// <remarks>Partial statistics of other ranges of the vocabulary (a sharded head) can be merged in before <see cref="Finish"/>: the largest logit, sums relative to it, plain sums.</remarks>
internal sealed class TokenRows
{
    /// <summary>Below every logit, and still finite: differences of two of them are no NaN.</summary>
    public const float Lowest = -3.0e38f;

    private const int Quantities = 7;

    private readonly Tensor all_QT;

    private TokenRows(Tensor labels_T, Tensor? weights_T, Tensor all_QT) => (Labels, Weights, this.all_QT) = (labels_T, weights_T, all_QT);

    /// <summary>For tokens of which nothing is known.</summary>
    /// <param name="labels_T">Labels, int64, without gaps; below zero is ignored. Borrowed.</param>
    /// <param name="weights_T">Weights, fp32, without gaps; null for ones. Borrowed.</param>
    public static TokenRows Fresh(Tensor labels_T, Tensor? weights_T)
    {
        var all_QT = zeros(Quantities, labels_T.size(0), dtype: ScalarType.Float32, device: labels_T.device);
        all_QT.select(0, 0).fill_(Scalars.Of((double)Lowest));
        return new TokenRows(labels_T, weights_T, all_QT);
    }

    /// <summary>How many tokens.</summary>
    public long Count => Labels.size(0);

    /// <summary>Labels, int64.</summary>
    public Tensor Labels { get; }

    /// <summary>Weights, fp32; null for ones.</summary>
    public Tensor? Weights { get; }

    /// <summary>The largest logit so far.</summary>
    public Tensor Most => all_QT.select(0, 0);

    /// <summary>Sum of <c>exp(z - Most)</c>.</summary>
    public Tensor Sum => all_QT.select(0, 1);

    /// <summary>Sum of z, where labels are smoothed.</summary>
    public Tensor Total => all_QT.select(0, 2);

    /// <summary>The label's logit.</summary>
    public Tensor Logit => all_QT.select(0, 3);

    /// <summary>Log-sum-exp, once finished; 0 where ignored.</summary>
    public Tensor LogSumExp => all_QT.select(0, 4);

    /// <summary>The loss of each token, once finished; 0 where ignored.</summary>
    public Tensor Losses => all_QT.select(0, 5);

    /// <summary>The same times scale and weight.</summary>
    public Tensor Scaled => all_QT.select(0, 6);

    /// <summary>Some of the tokens; what is gathered about them shows here too.</summary>
    public TokenRows Narrow(long from, long count)
        => new(Labels.narrow(0, from, count), Weights?.narrow(0, from, count), all_QT.narrow(1, from, count));

    /// <summary>Scale times weight of each token; 0 where ignored. A new tensor.</summary>
    public Tensor Factors(LossTerms terms)
    {
        var factor_C = Labels.ge(Scalars.Of(0L)).to(ScalarType.Float32).mul_(Scalars.Of(terms.Scale));
        return Weights is null ? factor_C : factor_C.mul_(Weights);
    }

    /// <summary>Log-sum-exp and losses from the statistics of the whole vocabulary.</summary>
    public void Finish(LossTerms terms)
    {
        using var scope = NewDisposeScope();
        var ignored_C = Labels.lt(Scalars.Of(0L));
        var lse_C = Sum.log().add_(Most, Scalars.One).masked_fill_(ignored_C, Scalars.Zero);
        var loss_C = lse_C.sub(Logit.mul(Scalars.Of(1 - terms.Smoothing)));
        if (terms.Smoothing > 0)
        {
            loss_C.sub_(Total.mul(Scalars.Of(terms.Share)));
        }

        if (terms.ZFactor > 0)
        {
            loss_C.add_(lse_C.mul(lse_C).mul_(Scalars.Of(terms.ZFactor)), Scalars.One);
        }

        loss_C.masked_fill_(ignored_C, Scalars.Zero);
        LogSumExp.copy_(lse_C);
        Losses.copy_(loss_C);
        Scaled.copy_(loss_C.mul(Factors(terms)));
    }
}

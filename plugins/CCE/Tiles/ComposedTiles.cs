using Neoteny.Runtime;
using static TorchSharp.torch;

namespace Neoteny.Plugins.CCE.Tiles;

/// <summary>Tiles as calls of libtorch in fp32: the reference of the loops and kernels, and the path for what they do not take.</summary>
internal sealed class ComposedTiles : ITileMath
{
    /// <inheritdoc/>
    public void Gather(Tensor z_CN, long first, TokenRows rows, LossTerms terms, Tensor? most_C)
    {
        using var scope = NewDisposeScope();
        var wide_CN = Capped(z_CN, terms);
        var kept_C = rows.Labels.ge(Scalars.Of(0L));
        var (here_C, index_C1) = Place(rows.Labels, first, z_CN.size(1));
        var tile_C = wide_CN.amax([1]);
        var larger_C = maximum(rows.Most, tile_C);
        var sum_C = wide_CN.sub(larger_C.unsqueeze(1)).exp_().sum([1L]);
        rows.Sum.copy_(where(kept_C, rows.Most.sub(larger_C).exp_().mul_(rows.Sum).add_(sum_C, Scalars.One), rows.Sum));
        rows.Most.copy_(where(kept_C, larger_C, rows.Most));
        rows.Total.add_(wide_CN.sum([1L]).mul_(kept_C), Scalars.One);
        rows.Logit.copy_(where(here_C, wide_CN.gather(1, index_C1).squeeze(1), rows.Logit));
        most_C?.copy_(where(kept_C, tile_C, most_C));
    }

    /// <inheritdoc/>
    public void Differentiate(Tensor z_CN, long first, TokenRows rows, LossTerms terms)
    {
        using var scope = NewDisposeScope();
        var wide_CN = Capped(z_CN, terms);
        var (here_C, index_C1) = Place(rows.Labels, first, z_CN.size(1));
        var lse_C1 = rows.LogSumExp.unsqueeze(1);
        var dz_CN = wide_CN.sub(lse_C1).exp_();
        if (terms.ZFactor > 0)
        {
            dz_CN.mul_(lse_C1.mul(Scalars.Of(2 * terms.ZFactor)).add_(Scalars.One, Scalars.One));
        }

        dz_CN.scatter_add_(1, index_C1, here_C.to(ScalarType.Float32).mul_(Scalars.Of(terms.Smoothing - 1)).unsqueeze(1));
        if (terms.Smoothing > 0)
        {
            dz_CN.sub_(Scalars.Of(terms.Share));
        }

        dz_CN.mul_(rows.Factors(terms).unsqueeze(1));
        if (terms.Softcap > 0)
        {
            dz_CN.mul_(wide_CN.div_(Scalars.Of(terms.Softcap)).pow_(Scalars.Of(2.0)).neg_().add_(Scalars.One, Scalars.One));
        }

        z_CN.copy_(dz_CN.masked_fill_(rows.Labels.lt(Scalars.Of(0L)).unsqueeze(1), Scalars.Zero));
    }

    private static Tensor Capped(Tensor z_CN, LossTerms terms)
    {
        var wide_CN = z_CN.to(ScalarType.Float32);
        return terms.Softcap == 0 ? wide_CN : wide_CN.div(Scalars.Of(terms.Softcap)).tanh_().mul_(Scalars.Of(terms.Softcap));
    }

    private static (Tensor Here, Tensor Index) Place(Tensor labels_C, long first, long count)
    {
        var column_C = labels_C.sub(Scalars.Of(first));
        var here_C = column_C.ge(Scalars.Of(0L)).logical_and_(column_C.lt(Scalars.Of(count))).logical_and_(labels_C.ge(Scalars.Of(0L)));
        return (here_C, column_C.clamp_(Scalars.Of(0L), Scalars.Of(count - 1)).unsqueeze(1));
    }
}

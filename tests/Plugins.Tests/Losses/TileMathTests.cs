using Neoteny.Losses;
using Neoteny.Plugins.CCE;
using Neoteny.Plugins.CCE.Tiles;
using Neoteny.Runtime;
using static TorchSharp.torch;

namespace Neoteny.Plugins.Tests.Losses;

/// <summary>Tiles of logits: whatever the cut, statistics and gradient are those of the whole row, in the plain calls and in the loops.</summary>
public sealed class TileMathTests : IDisposable
{
    private const long Tokens = 37;
    private const long Vocabulary = 203;

    private readonly TorchSharp.DisposeScope scope = NewDisposeScope();

    public void Dispose() => scope.Dispose();

    public static TheoryData<string, long, double, double, double> Cases()
    {
        var data = new TheoryData<string, long, double, double, double>();
        foreach (var math in new[] { "composed", "loops" })
        {
            foreach (var width in new[] { 1L, 7, 64, Vocabulary })
            {
                data.Add(math, width, 0, 0, 0);
                data.Add(math, width, 3, 0.2, 0.05);
            }
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Tiles_of_any_width_give_the_loss_and_the_gradient_of_the_row(string math, long width, double softcap, double smoothing, double zFactor)
    {
        var terms = new LossTerms(0.5, smoothing, zFactor, softcap, Vocabulary);
        var (raw, labels, weights) = (Logits(), LossCalls.Labels(Tokens, Vocabulary), rand(Tokens));
        var (losses, gradient) = Reference(raw, labels, weights, terms);
        var rows = TokenRows.Fresh(labels, weights);
        var tiles = raw.split(width, 1).Select(t => t.contiguous()).ToList();
        var of = Math(math);
        for (var i = 0; i < tiles.Count; i++)
            of.Gather(tiles[i], i * width, rows, terms, null);
        rows.Finish(terms);
        for (var i = 0; i < tiles.Count; i++)
            of.Differentiate(tiles[i], i * width, rows, terms);
        Close.To(losses, rows.Losses, 1e-6, "losses");
        Close.To(losses.mul(weights).mul(Scalars.Of(0.5)), rows.Scaled, 1e-6, "scaled losses");
        Close.To(gradient, cat([.. tiles], 1), 2e-6, "gradient");
        Assert.True(cat([.. tiles], 1)[2].eq(Scalars.Zero).all().item<bool>());
    }

    [Theory]
    [InlineData("composed")]
    [InlineData("loops")]
    public void A_tile_says_its_largest_logit_and_leaves_that_of_ignored_tokens(string math)
    {
        var raw = Logits();
        var most = full(Tokens, Scalars.Of(7.0));
        Math(math).Gather(raw, 0, TokenRows.Fresh(LossCalls.Labels(Tokens, Vocabulary), null), new LossTerms(1, 0, 0, 0, Vocabulary), most);
        Assert.Equal(raw[0].max().item<float>(), most[0].item<float>());
        Assert.Equal(7, most[2].item<float>());
    }

    [Theory]
    [InlineData("composed")]
    [InlineData("loops")]
    public void Statistics_of_two_halves_of_the_vocabulary_merge_in_either_order(string math)
    {
        var (raw, labels, terms) = (Logits(), LossCalls.Labels(Tokens, Vocabulary), new LossTerms(1, 0.1, 0, 0, Vocabulary));
        var (left, right) = (raw.narrow(1, 0, 100).contiguous(), raw.narrow(1, 100, Vocabulary - 100).contiguous());
        var (forth, back) = (TokenRows.Fresh(labels, null), TokenRows.Fresh(labels, null));
        Math(math).Gather(left, 0, forth, terms, null);
        Math(math).Gather(right, 100, forth, terms, null);
        Math(math).Gather(right, 100, back, terms, null);
        Math(math).Gather(left, 0, back, terms, null);
        forth.Finish(terms);
        back.Finish(terms);
        Close.To(forth.Losses, back.Losses, 1e-6, "losses");
    }

    [Theory]
    [InlineData("composed", 0)]
    [InlineData("loops", 0)]
    [InlineData("composed", 30)]
    [InlineData("loops", 30)]
    public void Logits_of_ten_thousand_stay_finite(string math, double softcap)
    {
        var terms = new LossTerms(1, 0, 0, softcap, 3);
        var rows = TokenRows.Fresh(tensor([0L, 1L, 2L]), null);
        var z = tensor([1e4f, -1e4f, 0f]).repeat(3, 1).contiguous();
        Math(math).Whole(z, rows, terms, differentiate: true);
        float[] expected = softcap == 0 ? [0, 2e4f, 1e4f] : [0, 60, 30];
        Assert.All(rows.Losses.data<float>().Zip(expected), pair => Assert.Equal(pair.Second, pair.First, 1e-3));
        Assert.True(z.isfinite().all().item<bool>());
    }

    private static ITileMath Math(string name) => name == "loops" ? new CpuTiles() : ITileMath.Composed;

    private static Tensor Logits()
    {
        manual_seed(4);
        return randn(Tokens, Vocabulary).mul_(Scalars.Of(4.0));
    }

    private static (Tensor Losses, Tensor Gradient) Reference(Tensor raw, Tensor labels, Tensor weights, LossTerms terms)
    {
        using var guard = enable_grad();
        var leaf = raw.to(ScalarType.Float64).requires_grad_(true);
        var z = terms.Softcap == 0 ? leaf : leaf.div(Scalars.Of(terms.Softcap)).tanh().mul(Scalars.Of(terms.Softcap));
        var (log, lse) = (z.log_softmax(1), z.logsumexp(1));
        var losses = log.gather(1, labels.clamp_min(Scalars.Of(0L)).unsqueeze(1)).squeeze(1).mul(Scalars.Of(terms.Smoothing - 1))
            .sub(log.mean([1L]).mul(Scalars.Of(terms.Smoothing)))
            .add(lse.mul(lse), Scalars.Of(terms.ZFactor))
            .mul(labels.ge(Scalars.Of(0L)));
        losses.mul(weights).sum().mul(Scalars.Of(terms.Scale)).backward();
        return (losses.detach(), leaf.grad!);
    }
}

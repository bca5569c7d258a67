using Neoteny.Losses;
using Neoteny.Plugins.CCE;
using Neoteny.Plugins.CCE.Passes;
using Neoteny.Plugins.CCE.Tiles;
using Neoteny.Plugins.CrossEntropy;
using Neoteny.Plugins.Tests.Losses;
using Neoteny.Runtime;
using Neoteny.Tests;
using static TorchSharp.torch;

namespace Neoteny.Plugins.Tests.Cuda.Emulated;

/// <summary>The kernels on tiles against the plain calls on the same tiles, in fp64 where it matters.</summary>
public sealed class EmulatedCutCrossEntropyTests
{
    private static readonly LossTerms Plain = new(0.25, 0, 0, 0, 0);
    private static readonly LossTerms All = new(0.25, 0.1, 0.01, 3, 0);

    public static TheoryData<ScalarType, long, bool> Cases()
    {
        var data = new TheoryData<ScalarType, long, bool>();
        foreach (var dtype in new[] { ScalarType.Float32, ScalarType.BFloat16, ScalarType.Float16 })
        {
            // Less than a pack; whole packs; a ragged end; more than one round of the largest block of threads.
            foreach (var vocabulary in new[] { 3L, 64, 1009, 8219 })
            {
                data.Add(dtype, vocabulary, false);
                data.Add(dtype, vocabulary, true);
            }
        }

        return data;
    }

    [EmulatedTheory]
    [MemberData(nameof(Cases))]
    public void Whole_rows_have_the_losses_and_the_gradient_of_the_plain_calls(ScalarType dtype, long vocabulary, bool everything)
    {
        using var scope = NewDisposeScope();
        var terms = (everything ? All : Plain) with { Vocabulary = vocabulary };
        var (logits, labels, weights) = (Logits(dtype, vocabulary), Labels(vocabulary), everything ? rand(5) : null);
        var (expected, actual) = (TokenRows.Fresh(labels, weights), TokenRows.Fresh(labels, weights));
        var gradient = logits.to(ScalarType.Float32, copy: true);
        ITileMath.Composed.Whole(gradient, expected, terms, differentiate: true);
        var tile = Padded(logits);
        using var launches = EmulatedLaunches.Begin();
        new CudaTiles().Whole(tile, actual, terms, differentiate: true);
        Nearly.Equal(expected.Losses, actual.Losses, 1e-5);
        Nearly.Equal(expected.Scaled, actual.Scaled, 1e-5);
        Nearly.Equal(gradient, tile, dtype == ScalarType.Float32 ? 2e-5 : 0);
        Assert.Equal(["cce_whole"], launches.Names);
    }

    [EmulatedTheory]
    [MemberData(nameof(Cases))]
    public void Tiles_have_the_statistics_and_the_gradient_of_the_plain_calls(ScalarType dtype, long vocabulary, bool everything)
    {
        using var scope = NewDisposeScope();
        var terms = (everything ? All : Plain) with { Vocabulary = vocabulary };
        var (logits, labels, weights) = (Logits(dtype, vocabulary), Labels(vocabulary), everything ? rand(5) : null);
        var (expected, actual) = (TokenRows.Fresh(labels, weights), TokenRows.Fresh(labels, weights));
        var (expectedMost, most) = (zeros(5), zeros(5));
        var gradient = logits.to(ScalarType.Float32, copy: true);
        using var launches = EmulatedLaunches.Begin();
        var kernels = new CudaTiles();
        var tiles = new List<Tensor>();
        foreach (var (first, count) in LossCall.Ranges(vocabulary, Math.Max(1, (vocabulary / 2) + 1)))
        {
            tiles.Add(Padded(logits.narrow(1, first, count)));
            ITileMath.Composed.Gather(gradient.narrow(1, first, count), first, expected, terms, expectedMost);
            kernels.Gather(tiles[^1], first, actual, terms, most);
            Nearly.Equal(expectedMost, most, 1e-5);
        }

        expected.Finish(terms);
        actual.Finish(terms);
        Nearly.Equal(expected.LogSumExp, actual.LogSumExp, 1e-5);
        Nearly.Equal(expected.Losses, actual.Losses, 1e-5);
        ITileMath.Composed.Differentiate(gradient, 0, expected, terms);
        foreach (var (tile, first) in tiles.Zip(LossCall.Ranges(vocabulary, Math.Max(1, (vocabulary / 2) + 1)).Select(r => r.From)))
            kernels.Differentiate(tile, first, actual, terms);
        Nearly.Equal(gradient, cat([.. tiles], 1), dtype == ScalarType.Float32 ? 2e-5 : 0);
        Assert.Equal(2 * tiles.Count, launches.Names.Count);
    }

    [EmulatedTheory]
    [InlineData(ScalarType.Float32, 3e38)]
    [InlineData(ScalarType.BFloat16, 3e38)]
    [InlineData(ScalarType.Float16, 65504)]
    public void Extreme_logits_stay_finite(ScalarType dtype, double largest)
    {
        using var scope = NewDisposeScope();
        var wide = ExtremeLogits.Rows(67, largest, step: 900);
        var (tile, rows) = (Padded(wide.to(dtype)), TokenRows.Fresh(tensor([5L, 6, 7, 66, 66]), null));
        using var launches = EmulatedLaunches.Begin();
        new CudaTiles().Whole(tile, rows, Plain with { Vocabulary = 67 }, differentiate: true);
        Assert.True(rows.Losses.isfinite().all().item<bool>());
        Assert.True(tile.isfinite().all().item<bool>());
    }

    [EmulatedFact]
    public void Without_a_gradient_the_logits_stay_and_a_label_outside_makes_its_loss_no_number()
    {
        using var scope = NewDisposeScope();
        var logits = Logits(ScalarType.BFloat16, 129);
        var (tile, rows) = (Padded(logits), TokenRows.Fresh(tensor([4L, 129, 0, -100, 128]), null));
        using var launches = EmulatedLaunches.Begin();
        new CudaTiles().Whole(tile, rows, Plain with { Vocabulary = 129 }, differentiate: false);
        Assert.True(Close.Same(logits, tile));
        Assert.Equal([false, true, false, false, false], rows.Losses.isnan().data<bool>());
        Assert.Equal(0, rows.Losses[3].item<float>());
    }

    [EmulatedTheory]
    [InlineData("one pass", 3)]
    [InlineData("one pass, the first block in the sum", 8)]
    [InlineData("one pass, all of it in the sum", 6)]
    [InlineData("two passes", 18)]
    [InlineData("two passes, some ranges in the gradient", 18)]
    [InlineData("two passes, filtered", 18)]
    public void Every_way_of_cutting_a_call_gives_what_the_plain_loss_gives(string way, int kernels)
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        const int Vocabulary = 520, Tokens = 21, Hidden = 8;
        var (hidden, labels) = (randn(Tokens, Hidden), LossCalls.Labels(Tokens, Vocabulary));
        using var head = LossCalls.Head(LossCalls.Everything, ScalarType.Float32, Hidden, Vocabulary);
        using var plain = LossCalls.Head(LossCalls.Everything, ScalarType.Float32, Hidden, Vocabulary);
        var expected = new CrossEntropyLoss().Compute(LossCalls.Input(plain, LossCalls.Everything, hidden, labels));
        var input = LossCalls.Input(head, LossCalls.Everything, hidden, labels);
        var rows = TokenRows.Fresh(labels, input.TokenWeights);
        using var lease = head.Weight.Rent();
        var call = new LossCall(input, LossTerms.Of(input), hidden, rows, lease.Tensor, new CudaTiles());
        using var launches = EmulatedLaunches.Begin();
        var gradient = way switch
        {
            "one pass" => OnePass.Run(call, new TileSizes(8, Vocabulary)),
            "one pass, the first block in the sum" => OnePass.Run(call, new TileSizes(8, Vocabulary), new TileSizes(8, 256)),
            "one pass, all of it in the sum" => OnePass.Run(call, new TileSizes(8, Vocabulary), new TileSizes(32, 256)),
            "two passes" => TwoPasses.Run(call, new TileSizes(8, 256), 0),
            "two passes, some ranges in the gradient" => TwoPasses.Run(call, new TileSizes(Tokens, 64), 0),
            _ => TwoPasses.Run(call, new TileSizes(8, 256), 1e-9),
        };
        Nearly.Equal(expected.Loss, rows.Scaled.sum(), 1e-5);
        Nearly.Equal(expected.PerToken!, rows.Losses, 1e-5);
        Nearly.Equal(expected.HiddenGradient!, gradient!, 2e-5);
        foreach (var (e, a) in plain.Parameters.Zip(head.Parameters))
            Nearly.Equal(e.Gradient!, a.Gradient!, 2e-5);
        Assert.Equal(kernels, launches.Names.Count);
    }

    private static Tensor Logits(ScalarType dtype, long vocabulary)
    {
        manual_seed(vocabulary);
        return randn(5, vocabulary).mul(Scalars.Of(4.0)).to(dtype);
    }

    private static Tensor Labels(long vocabulary) => tensor([0, vocabulary - 1, -100, vocabulary / 2, 1]);

    /// <summary>The same rows, each at the beginning of a pack, with gaps that hold what must not be read.</summary>
    private static Tensor Padded(Tensor rows)
    {
        var wide = full([rows.size(0), LogitBuffer.Padded(rows.size(1))], Scalars.Of(double.NaN), dtype: rows.dtype);
        return wide.narrow(1, 0, rows.size(1)).copy_(rows);
    }
}

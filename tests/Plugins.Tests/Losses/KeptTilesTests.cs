using Neoteny.Plugins.CCE.Passes;
using TorchSharp;
using static TorchSharp.torch;

namespace Neoteny.Plugins.Tests.Losses;

public sealed class KeptTilesTests
{
    [Theory]
    [InlineData(64, 256, 1100, 32, ScalarType.BFloat16, 1)]
    [InlineData(64, 256, 1024, 32, ScalarType.Float16, 1)]
    [InlineData(40, 256, 1100, 32, ScalarType.BFloat16, 1)]
    [InlineData(128, 256, 2600, 32, ScalarType.BFloat16, 6)]
    [InlineData(32, 64, 640, 32, ScalarType.Float32, 1)]
    [InlineData(100, 64, 640, 32, ScalarType.Float32, 8)]
    [InlineData(5000, 256, 1100, 32, ScalarType.BFloat16, 5)]
    [InlineData(64, 256, 200, 32, ScalarType.BFloat16, 1)]
    public void Kept_logits_are_there_when_their_range_is_reached_and_their_rows_were_not_written_before(long tokens, long labels, long vocabulary, long hidden, ScalarType dtype, int firstKept)
    {
        using var scope = NewDisposeScope();
        var gradient = full(vocabulary, hidden, float.NaN);
        var kept = new KeptTiles(tokens, labels, vocabulary, dtype, CPU, gradient);
        var ranges = (int)((vocabulary + labels - 1) / labels);
        Assert.Equal(firstKept, kept.FirstKept);
        for (var r = 0; r < ranges; r++)
            kept.Tile(r, tokens, Columns(r)).fill_(r + 1);
        for (var r = ranges - 1; r >= 0; r--)
        {
            // As the second pass does: a range's logits are read while the rows of its gradient are written.
            var rows = gradient.narrow(0, r * labels, Columns(r)).fill_(-1);
            if (kept.Holds(r))
                Assert.True(kept.Tile(r, tokens, Columns(r)).eq(r + 1).all().item<bool>(), $"range {r}");
            Assert.True(rows.eq(-1).all().item<bool>());
        }

        long Columns(int range) => Math.Min(labels, vocabulary - (range * labels));
    }

    [Fact]
    public void Without_rows_to_lend_only_the_last_range_stays()
    {
        using var scope = NewDisposeScope();
        var kept = new KeptTiles(10, 64, 300, ScalarType.Float32, CPU, null);
        Assert.Equal([false, false, false, false, true], Enumerable.Range(0, 5).Select(kept.Holds));
        Assert.Equal([10, 44], kept.Tile(4, 10, 44).shape);
    }
}

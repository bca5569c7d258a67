using Neoteny.Models.Configuration;

namespace Neoteny.Core.Tests.Configuration;

/// <summary>Expected numbers were worked out by hand from the formulas; a head of 8 features has pairs with exponents 0, 1/4, 1/2 and 3/4.</summary>
public class RotaryFrequenciesTests
{
    [Fact]
    public void Default_is_a_power_of_the_base()
    {
        var frequencies = RotaryFrequencies.Compute(new RopeParameters(), 8, 64);
        AssertClose([1, 0.1, 0.01, 0.001], frequencies);
        Assert.Equal(1f, frequencies.AttentionFactor);
    }

    [Fact]
    public void Linear_divides_by_the_factor()
        => AssertClose([0.25, 0.025, 0.0025, 0.00025], RotaryFrequencies.Compute(new RopeParameters { Type = RopeType.Linear, Factor = 4 }, 8, 64));

    [Theory]
    [InlineData(null)]
    [InlineData(10)]
    [InlineData(16)]
    public void Dynamic_leaves_short_sequences_alone(int? length)
        => AssertClose([1, 0.1, 0.01, 0.001], RotaryFrequencies.Compute(new RopeParameters { Type = RopeType.Dynamic, Factor = 4 }, 8, 16, length));

    [Fact]
    public void Dynamic_raises_the_base_for_long_sequences()
    {
        // stretch = 4 * 24 / 16 - 3 = 3; base = 10000 * 3 ^ (8 / 6) = 43267.487
        AssertClose([1, 0.06933613, 0.004807499, 0.0003333333], RotaryFrequencies.Compute(new RopeParameters { Type = RopeType.Dynamic, Factor = 4 }, 8, 16, 24));
    }

    [Fact]
    public void Yarn_keeps_fast_pairs_and_interpolates_slow_ones()
    {
        // Ends of the ramp for 64 trained positions: 8 ln(64 / 64 pi) / (2 ln 10000) < 0, so 0, and 8 ln(64 / 2 pi) / (2 ln 10000) = 1.008, so 2:
        // the ramp over the pairs is 0, 1/2, 1, 1.
        var rope = new RopeParameters { Type = RopeType.Yarn, Factor = 4, OriginalMaxPositionEmbeddings = 64 };
        var frequencies = RotaryFrequencies.Compute(rope, 8, 256);
        AssertClose([1, 0.0625, 0.0025, 0.00025], frequencies);
        Assert.Equal(1.1386294, frequencies.AttentionFactor, 6);
    }

    [Fact]
    public void Yarn_without_truncation_uses_the_fractional_ends()
    {
        var rope = new RopeParameters { Type = RopeType.Yarn, Factor = 4, OriginalMaxPositionEmbeddings = 64, Truncate = false };
        var end = 8 * Math.Log(64 / (2 * Math.PI)) / (2 * Math.Log(10000));
        AssertClose([1, (0.025 / end) + (0.1 * (1 - (1 / end))), 0.0025, 0.00025], RotaryFrequencies.Compute(rope, 8, 256));
    }

    [Fact]
    public void Yarn_derives_a_missing_factor_from_the_lengths_and_reads_mscale()
    {
        var rope = new RopeParameters { Type = RopeType.Yarn, OriginalMaxPositionEmbeddings = 64, Mscale = 0.707, MscaleAllDim = 1 };
        var frequencies = RotaryFrequencies.Compute(rope, 8, 256);
        AssertClose([1, 0.0625, 0.0025, 0.00025], frequencies);
        Assert.Equal(((0.0707 * Math.Log(4)) + 1) / ((0.1 * Math.Log(4)) + 1), frequencies.AttentionFactor, 6);
        Assert.Equal(3f, RotaryFrequencies.Compute(rope with { AttentionFactor = 3 }, 8, 256).AttentionFactor);
    }

    [Fact]
    public void Llama3_divides_long_waves_keeps_short_ones_and_blends_between()
    {
        // Wavelengths 6.28, 62.8, 628, 6283; trained on 256: shorter than 64 is kept, longer than 256 divided by 8. With high = 8 the
        // second wave (above 32) is blended with smooth = (256 / 62.83 - 1) / 7 = 0.439204.
        var rope = new RopeParameters { Type = RopeType.Llama3, Factor = 8, LowFreqFactor = 1, HighFreqFactor = 4, OriginalMaxPositionEmbeddings = 256 };
        AssertClose([1, 0.1, 0.00125, 0.000125], RotaryFrequencies.Compute(rope, 8, 2048));
        var smooth = ((256 / (20 * Math.PI)) - 1) / 7;
        AssertClose([1, (0.0125 * (1 - smooth)) + (0.1 * smooth), 0.00125, 0.000125], RotaryFrequencies.Compute(rope with { HighFreqFactor = 8 }, 8, 2048));
    }

    [Fact]
    public void LongRope_switches_factors_beyond_the_trained_length()
    {
        var rope = new RopeParameters
        {
            Type = RopeType.LongRope,
            OriginalMaxPositionEmbeddings = 64,
            ShortFactor = [1, 1, 2, 2],
            LongFactor = [1, 2, 4, 8],
        };
        AssertClose([1, 0.1, 0.005, 0.0005], RotaryFrequencies.Compute(rope, 8, 256, 64));
        var stretched = RotaryFrequencies.Compute(rope, 8, 256, 65);
        AssertClose([1, 0.05, 0.0025, 0.000125], stretched);
        Assert.Equal(Math.Sqrt(1 + (Math.Log(4) / Math.Log(64))), stretched.AttentionFactor, 6);
    }

    [Fact]
    public void LongRope_with_the_wrong_count_of_factors_says_which_list()
    {
        var rope = new RopeParameters { Type = RopeType.LongRope, Source = "config.json: 'rope_scaling'", ShortFactor = [1, 1], LongFactor = [1, 1] };
        var error = Assert.Throws<InputException>(() => RotaryFrequencies.Compute(rope, 8, 256));
        Assert.Equal("config.json: 'rope_scaling': 'short_factor' has 2 entries, but the rotated part of a head has 4 pairs of features. "
            + "Give one factor for each pair.", error.Message);
    }

    private static void AssertClose(double[] expected, RotaryFrequencies actual)
    {
        Assert.Equal(expected.Length, actual.Inverse.Count);
        for (var i = 0; i < expected.Length; i++)
        {
            Assert.InRange(actual.Inverse[i], expected[i] * (1 - 1e-6), expected[i] * (1 + 1e-6));
        }
    }
}

using CsCheck;
using Neoteny.Models.Generation;

namespace Neoteny.Core.Tests.Generation;

public class SamplerTests
{
    // Probabilities 0.5, 0.3, 0.1, 0.1 under a temperature of 1.
    private static readonly float[] Logits = [.. new[] { 0.1, 0.5, 0.1, 0.3 }.Select(p => (float)Math.Log(p))];

    [Fact]
    public void Greedy_takes_the_largest_and_the_first_of_equals()
    {
        var sampler = new Sampler(new GenerationOptions());
        Assert.Equal(1, sampler.Next(Logits, [], 0, 0));
        Assert.Equal(1, sampler.Next([0, 2, 2], [], 0, 0));
    }

    [Theory]
    [InlineData(1, 0, 0, new[] { 0, 1, 2, 3 })]
    [InlineData(1, 2, 0, new[] { 1, 3 })]
    [InlineData(1, 1, 0, new[] { 1 })]
    [InlineData(0.49, 0, 0, new[] { 1 })]
    [InlineData(0.79, 0, 0, new[] { 1, 3 })]
    [InlineData(1, 0, 0.5, new[] { 1, 3 })]
    [InlineData(1, 0, 1, new[] { 1 })]
    [InlineData(0.6, 2, 0, new[] { 1 })]
    [InlineData(0.6, 0, 0.3, new[] { 1, 3 })]
    public void Filters_keep_the_tokens_they_should_and_no_others(double topP, int topK, double minP, int[] expected)
    {
        var sampler = new Sampler(new GenerationOptions { Temperature = 1, TopP = topP, TopK = topK, MinP = minP, Seed = 3 });
        var drawn = Enumerable.Range(0, 500).Select(step => sampler.Next(Logits, [], 0, step)).Distinct().Order();
        Assert.Equal(expected, drawn);
    }

    [Fact]
    public void Draws_follow_the_probabilities()
    {
        var sampler = new Sampler(new GenerationOptions { Temperature = 1, Seed = 1 });
        var counts = Enumerable.Range(0, 20_000).GroupBy(step => sampler.Next(Logits, [], 0, step)).ToDictionary(g => g.Key, g => g.Count() / 20_000.0);
        Assert.InRange(counts[1], 0.485, 0.515);
        Assert.InRange(counts[3], 0.285, 0.315);
        Assert.InRange(counts[0], 0.09, 0.11);
    }

    [Fact]
    public void Temperature_sharpens()
    {
        // 0.5 squared over the sum of squares is 0.694.
        var sampler = new Sampler(new GenerationOptions { Temperature = 0.5 });
        var share = Enumerable.Range(0, 20_000).Count(step => sampler.Next(Logits, [], 0, step) == 1) / 20_000.0;
        Assert.InRange(share, 0.68, 0.71);
    }

    [Fact]
    public void Repetition_is_penalized_once_for_each_token_whatever_its_sign()
    {
        var sampler = new Sampler(new GenerationOptions { RepetitionPenalty = 2 });
        Assert.Equal(1, sampler.Next([4, 3, -1], [0, 0, 0], 0, 0));
        Assert.Equal(0, sampler.Next([4, 1.9f, -1], [0, 0], 0, 0));
        Assert.Equal(1, sampler.Next([-1, -1.5f], [0], 0, 0));
    }

    [Fact]
    public void The_same_seed_sequence_and_step_draw_the_same_token()
        => Gen.Select(Gen.ULong, Gen.Int[0, 100], Gen.Int[0, 10_000], Gen.Float[-9, 9].Array[1, 40]).Sample((seed, sequence, step, logits) =>
        {
            var options = new GenerationOptions { Temperature = 0.8, TopP = 0.9, TopK = 20, Seed = seed };
            var token = new Sampler(options).Next(logits, [], sequence, step);
            Assert.InRange(token, 0, logits.Length - 1);
            Assert.Equal(token, new Sampler(options).Next(logits, [], sequence, step));
        });

    [Theory]
    [InlineData(float.NaN, float.NaN)]
    [InlineData(float.PositiveInfinity, 0)]
    [InlineData(float.NegativeInfinity, float.NegativeInfinity)]
    public void Logits_that_are_no_numbers_are_refused(float first, float second)
        => Assert.StartsWith("The model's logits are not finite", Assert.Throws<NeotenyException>(() => new Sampler(new GenerationOptions()).Next([first, second], [], 0, 0)).Message);

    [Fact]
    public void Options_out_of_range_are_named()
    {
        Assert.Equal("top_p must be above 0 and at most 1, but it is 1.5.", Error(new GenerationOptions { TopP = 1.5 }));
        Assert.Equal("temperature must be 0 (greedy) or above, but it is -1.", Error(new GenerationOptions { Temperature = -1 }));
        Assert.Equal("max_new_tokens must be at least 1, but it is 0.", Error(new GenerationOptions { MaxNewTokens = 0 }));

        static string Error(GenerationOptions options) => Assert.Throws<InputException>(() => new Sampler(options)).Message;
    }
}

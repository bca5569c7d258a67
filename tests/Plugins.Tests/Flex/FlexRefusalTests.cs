using Neoteny.Attention;
using Neoteny.Plugins.Flex;
using TorchSharp;
using static TorchSharp.torch;

namespace Neoteny.Plugins.Tests.Flex;

public sealed class FlexRefusalTests
{
    private const string Functions = "Abs, Min, Max, Pow, Exp, Log, Sqrt, Tanh, Sin, Cos, Floor, Ceiling";

    [Theory]
    [InlineData("score + foo", "\"score + foo\", column 9: 'foo' is not known. Known are score, q, k, head, document, length, slope[head], and the functions " + Functions + ".")]
    [InlineData("score +", "\"score +\", column 8: it ends too early.")]
    [InlineData("(score", "\"(score\", column 7: ')' is missing.")]
    [InlineData("score score", "\"score score\", column 7: 'score' is one too many.")]
    [InlineData("score & 1", "\"score & 1\", column 7: '&' means nothing here.")]
    [InlineData("score + (q < k)", "\"score + (q < k)\", column 16: The operator + wants numbers.")]
    [InlineData("Pow(score)", "\"Pow(score)\", column 11: Pow takes 2 arguments, not 1.")]
    [InlineData("q < k", "\"q < k\" is a condition; a score modification yields a number. Write it as a mask.")]
    [InlineData("softcap(-1)", "\"softcap(-1)\" needs a positive number, for instance softcap(50).")]
    [InlineData("sliding_window(4)", "sliding_window is a mask, not a score modification; it belongs into flex_attention_mask.")]
    public void A_score_modification_that_cannot_be_read_is_explained(string text, string message)
        => Assert.Equal(message, Assert.Throws<InputException>(() => ScoreModification.Parse(text)).Message);

    [Theory]
    [InlineData("q - k", "\"q - k\" is a number; a mask yields a condition. Write it as a score modification, or compare it.")]
    [InlineData("score > 0", "\"score > 0\" reads the score; a mask is known before the scores are. Write a score modification.")]
    [InlineData("sliding_window", "\"sliding_window\" needs a number of tokens, for instance sliding_window(1024).")]
    [InlineData("alibi", "alibi is a score modification, not a mask; it belongs into flex_attention_score.")]
    public void A_mask_that_cannot_be_read_is_explained(string text, string message)
        => Assert.Equal(message, Assert.Throws<InputException>(() => MaskModification.Parse(text)).Message);

    [Fact]
    public void A_part_of_a_C_sharp_expression_that_no_device_has_is_named()
    {
        var words = new List<int> { 1 };
        var e = Assert.Throws<InputException>(() => ScoreModification.Of(x => x.Score + words.Count(w => w > 0)));
        Assert.Contains("(Call) cannot be compiled for a device. Supported are + - * / %", e.Message, StringComparison.Ordinal);
        Assert.Contains(Functions, e.Message, StringComparison.Ordinal);
        Assert.Contains("(ExclusiveOr)", Assert.Throws<InputException>(() => MaskModification.Of(x => (x.Query ^ x.Key) == 0)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_it_does_not_run_is_refused_with_the_reason()
    {
        var kernel = new FlexAttention(new FlexOptions());
        var spec = new AttentionSpec { Demands = AttentionFeatures.Causal, Scale = 1, QueryHeads = 1, KeyHeads = 1, HeadSize = 640 };
        Assert.Null(kernel.Refuses(spec, ScalarType.Float32, CPU));
        Assert.Equal("it computes in fp32, bf16 and fp16 only, not Float64", kernel.Refuses(spec, ScalarType.Float64, CPU));
        Assert.Equal("head size 640 is above 512", kernel.Refuses(spec, ScalarType.BFloat16, new Device(DeviceType.CUDA)));
        Assert.Equal("it runs on the CPU and on CUDA, not on META", kernel.Refuses(spec, ScalarType.BFloat16, new Device(DeviceType.META)));
    }
}

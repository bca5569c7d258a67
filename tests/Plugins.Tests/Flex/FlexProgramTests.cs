using Neoteny.Attention;
using Neoteny.Plugins.Flex;
using Neoteny.Plugins.Flex.Expressions;
using Neoteny.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Neoteny.Plugins.Tests.Flex;

public sealed class FlexProgramTests : IDisposable
{
    private const int Tokens = 23;
    private const int Heads = 4;
    private readonly DisposeScope scope = NewDisposeScope();

    /// <summary>Masks and modifications, and what they compute, written by hand.</summary>
    public static TheoryData<string[], string[], Func<int, int, int, bool>, Func<float, int, int, int, float>> Programs() => new()
    {
        { [], [], (_, q, k) => k <= q, (s, _, _, _) => s },
        { ["causal", "document"], [], (_, q, k) => k <= q, (s, _, _, _) => s },
        { ["full"], [], (_, _, _) => true, (s, _, _, _) => s },
        { ["prefix_lm(7)"], [], (_, q, k) => k <= q || k < 7, (s, _, _, _) => s },
        { ["sliding_window(5)"], ["alibi"], (_, q, k) => k <= q && q - k < 5, (s, h, q, k) => s - (MathF.Pow(2, -2 * (h + 1)) * (q - k)) },
        { ["head % 2 == 0 || q - k < 3"], ["tanh_softcap(1.5)", "score - 0.25f * Math.Sqrt((float)(q - k))"],
            (h, q, k) => k <= q && (h % 2 == 0 || q - k < 3), (s, _, q, k) => (1.5f * MathF.Tanh(s / 1.5f)) - (0.25f * MathF.Sqrt(q - k)) },
        { [], ["score > 0 ? score * score : Exp(score) - 1"], (_, q, k) => k <= q, (s, _, _, _) => s > 0 ? s * s : MathF.Exp(s) - 1 },
    };

    public void Dispose() => scope.Dispose();

    [Theory]
    [MemberData(nameof(Programs))]
    public void Results_and_gradients_are_those_of_the_same_formula_by_autograd(
        string[] masks, string[] scores, Func<int, int, int, bool> sees, Func<float, int, int, int, float> modify)
    {
        manual_seed(3);
        var kernel = new FlexAttention(new FlexOptions { Masks = masks, Scores = scores });
        Tensor q = randn(Tokens, Heads, 16), k = randn(Tokens, 2, 16), v = randn(Tokens, 2, 16), g = randn(Tokens, Heads, 16);
        using var layout = SequenceLayout.Of([Tokens]);
        var input = new AttentionInput { Query = q, Key = k, Value = v, Layout = layout, Spec = Spec, NeedsBackward = true };
        var output = kernel.Forward(input);
        var gradients = kernel.Backward(new AttentionBackward { Input = input, Output = output.Output, LogSumExp = output.LogSumExp, OutputGradient = g });

        var p = new Probe(q, k, v, sees, modify);
        Close.To(p.Output(), output.Output, 2e-5, "output");

        // The derivative of a loss by one element, by differences of the formula written by hand.
        double Loss(Tensor x, Tensor y, Tensor z) => new Probe(x, y, z, sees, modify).Output().mul(g).sum().item<float>();
        foreach (var (tensor, gradient, loss) in new (Tensor, Tensor, Func<Tensor, double>)[]
        {
            (q, gradients.Query, x => Loss(x, k, v)), (k, gradients.Key, x => Loss(q, x, v)), (v, gradients.Value, x => Loss(q, k, x)),
        })
        {
            var direction = randn_like(tensor);
            const double Step = 1e-3;
            var slope = (loss(tensor.add(direction, Step)) - loss(tensor.add(direction, -Step))) / (2 * Step);
            Assert.Equal(slope, gradient.mul(direction).sum().item<float>(), 0.02 * Math.Max(1, Math.Abs(slope)));
        }
    }

    [Fact]
    public void A_C_sharp_expression_computes_what_the_text_computes()
    {
        var (cap, slopes) = (2.5f, new[] { 0.5f, 0.25f, 0.125f, 0.0625f });
        var written = FlexAttention.Of(new FlexProgram
        {
            Masks = [MaskModification.Of(x => x.Query - x.Key < 6 || x.Key % 4 == 0)],
            Scores = [ScoreModification.Of(x => cap * MathF.Tanh(x.Score / cap)), ScoreModification.Of(x => x.Score - (slopes[x.Head] * Math.Abs(x.Query - x.Key)))],
        });
        var text = new FlexAttention(new FlexOptions { Masks = ["q - k < 6 || k % 4 == 0"], Scores = ["softcap(2.5)", "score - Pow(0.5f, head + 1) * Abs(q - k)"] });
        using var layout = SequenceLayout.Of([Tokens - 3, 3]);
        var input = new AttentionInput { Query = randn(Tokens, Heads, 16), Key = randn(Tokens, 2, 16), Value = randn(Tokens, 2, 16), Layout = layout, Spec = Spec };
        Close.To(text.Forward(input).Output, written.Forward(input).Output, 1e-6, "output");
    }

    [Theory]
    [InlineData("Tanh(score)", 0.3)]
    [InlineData("score * score * score / (1 + Abs(score))", -0.7)]
    [InlineData("Pow(Abs(score) + 1, 2.5f) - Log(2 + Sin(score))", 0.4)]
    [InlineData("Max(score, 0.1f) + Min(2 * score, 0.5f) - Cos(3 * score)", 0.2)]
    [InlineData("Sqrt(1 + score * score) / Exp(-score)", 0.9)]
    [InlineData("-score % 0.4f + Floor(score * 10)", 0.33)]
    [InlineData("Pow(2, score) * (score < 0 ? 1 : score)", 0.6)]
    public void Derivatives_agree_with_differences(string text, double at)
    {
        var program = LayerProgram.Of(new FlexProgram { Scores = [ScoreModification.Parse(text)] }, new LayerKey(true, 0, 0, 4, null));
        double Value(double s) => program.Modify((float)s, 0, 0, 0, 0, 1);
        const double Step = 2e-3;
        Assert.Equal((Value(at + Step) - Value(at - Step)) / (2 * Step), program.Slope((float)at, 0, 0, 0, 0, 1), 5e-3);
    }

    [Fact]
    public void A_program_is_spelled_as_CUDA_source()
    {
        var program = LayerProgram.Of(
            new FlexProgram { Masks = [MaskModification.Parse("sliding_window(8)")], Scores = [ScoreModification.Parse("score - slope[head] * (q - k)")] },
            new LayerKey(true, 0, 30, 2, null));
        Assert.Contains("#define FLEX_SCORE 1", program.Source, StringComparison.Ordinal);
        Assert.Contains("flex_table_0[] = {0.0625f, 0.00390625f};", program.Source, StringComparison.Ordinal);
        Assert.Contains("return ((key <= query) && ((key <= query) && ((query - key) < 8)));", program.Source, StringComparison.Ordinal);
        Assert.Contains("float s1 = (30.0f * flex_tanh((s0 / 30.0f)));", program.Source, StringComparison.Ordinal);
        Assert.Contains("float s2 = (s1 - (flex_table_0[head] * ((float)(query - key))));", program.Source, StringComparison.Ordinal);
        Assert.Contains("slope *= 1.0f;", program.Source, StringComparison.Ordinal);
        Assert.False(program.IsPerHead);
        Assert.True(LayerProgram.Of(new FlexProgram { Masks = [MaskModification.Parse("head < 2 || q == k")] }, new LayerKey(true, 0, 0, 4, null)).IsPerHead);
    }

    [Fact]
    public void A_program_of_the_layer_itself_is_applied()
    {
        AttentionSpec With(string? program) => new()
        {
            Demands = Spec.Demands | (program is null ? 0 : AttentionFeatures.Program),
            Scale = Spec.Scale,
            QueryHeads = Heads,
            KeyHeads = 2,
            HeadSize = 16,
            Program = program,
        };
        using var layout = SequenceLayout.Of([Tokens]);
        Tensor q = randn(Tokens, Heads, 16), k = randn(Tokens, 2, 16);
        Tensor Run(FlexOptions options, string? program)
            => new FlexAttention(options).Forward(new AttentionInput { Query = q, Key = k, Value = k, Layout = layout, Spec = With(program) }).Output;
        Close.To(Run(new FlexOptions { Scores = ["alibi"] }, null), Run(new FlexOptions(), "alibi"), 1e-7, "alibi");
        Close.To(Run(new FlexOptions { Masks = ["prefix_lm(4)"] }, null), Run(new FlexOptions(), "prefix_lm(4)"), 1e-7, "prefix_lm");
    }

    private static AttentionSpec Spec => new() { Demands = AttentionFeatures.Causal | AttentionFeatures.GroupedHeads, Scale = 0.3, QueryHeads = Heads, KeyHeads = 2, HeadSize = 16 };

    /// <summary>One document's attention by loops over scores.</summary>
    private sealed class Probe(Tensor q, Tensor k, Tensor v, Func<int, int, int, bool> sees, Func<float, int, int, int, float> modify)
    {
        public Tensor Output()
        {
            var output = new List<Tensor>();
            for (var head = 0; head < Heads; head++)
            {
                var raw = q.select(1, head).mm(k.select(1, head / 2).t()).data<float>().ToArray();
                var scores = new float[raw.Length];
                for (var i = 0; i < raw.Length; i++)
                {
                    var (row, key) = (i / Tokens, i % Tokens);
                    scores[i] = sees(head, row, key) ? modify(raw[i] * 0.3f, head, row, key) : float.NegativeInfinity;
                }

                output.Add(tensor(scores).reshape(Tokens, Tokens).softmax(-1).mm(v.select(1, head / 2)));
            }

            return stack(output, 1);
        }
    }
}

using Neoteny.Autograd;
using Neoteny.Conformance;
using Neoteny.Losses;
using Neoteny.Parameters;
using Neoteny.Plugins.CrossEntropy;
using Neoteny.Runtime;
using Neoteny.Runtime.Operators;
using static TorchSharp.torch;

namespace Neoteny.Plugins.Tests.Losses;

public sealed class CrossEntropyTests : IDisposable
{
    private readonly TorchSharp.DisposeScope scope = NewDisposeScope();

    public void Dispose() => scope.Dispose();

    [Fact]
    public void What_is_supported_is_exactly_this() => Assert.Equal(
        LossFeatures.Softcap | LossFeatures.Bias | LossFeatures.TokenWeights | LossFeatures.PerToken | LossFeatures.AdaptedHead | LossFeatures.LabelSmoothing | LossFeatures.ZLoss,
        new CrossEntropyLoss().Supports);

    [Theory]
    [InlineData(0)]
    [InlineData(30)]
    public void Extreme_logits_stay_finite(double softcap)
    {
        using var head = new ConformanceHead(new Parameter("head", tensor([1e4f, -1e4f, 0f]).unsqueeze(1)) { Trains = true }) { Softcap = softcap };
        var actual = new CrossEntropyLoss().Compute(LossCalls.Input(head, LossFeatures.PerToken | (softcap > 0 ? LossFeatures.Softcap : 0), ones(3, 1), tensor([0L, 1L, 2L])));
        double[] expected = softcap == 0 ? [0, 2e4, 1e4] : [0, 60, 30];
        Assert.All(actual.PerToken!.data<float>().Zip(expected), pair => Assert.Equal(pair.Second, pair.First, 1e-3));
        Assert.True(actual.HiddenGradient!.isfinite().all().item<bool>());
        Assert.True(head.Weight.Gradient!.isfinite().all().item<bool>());
    }

    [Fact]
    public void Several_blocks_give_what_their_rows_give_alone()
    {
        // 8 M logits a block: 40 tokens of this vocabulary, so 3 blocks for 83 tokens.
        const int Vocabulary = 204_803, Tokens = 83;
        using var head = Head(LossFeatures.Bias, ScalarType.Float32, 3, Vocabulary);
        using var apart = new ConformanceHead(Copy(head.Weight)) { Bias = Copy(head.Bias!) };
        var (hidden, labels) = (randn(Tokens, 3), Labels(Tokens, Vocabulary));
        var whole = new CrossEntropyLoss().Compute(LossCalls.Input(head, LossFeatures.Bias | LossFeatures.PerToken, hidden, labels));
        List<LossResult> parts = [];
        for (var from = 0; from < Tokens; from += 25)
        {
            var count = Math.Min(25, Tokens - from);
            parts.Add(new CrossEntropyLoss().Compute(
                LossCalls.Input(apart, LossFeatures.Bias | LossFeatures.PerToken, hidden.narrow(0, from, count), labels.narrow(0, from, count))));
        }

        Close.To(cat([.. parts.Select(p => p.PerToken!)]), whole.PerToken!, 1e-6, "loss of each token");
        Close.To(cat([.. parts.Select(p => p.HiddenGradient!)]), whole.HiddenGradient!, 1e-6, "hidden gradient");
        Assert.Equal(parts.Sum(p => p.Loss.item<float>()), whole.Loss.item<float>(), 1e-4);
        Close.To(apart.Weight.Gradient!, head.Weight.Gradient!, 1e-5, "weight gradient");
        Close.To(apart.Bias!.Gradient!, head.Bias!.Gradient!, 1e-5, "bias gradient");
    }

    [Fact]
    public void A_head_tied_to_the_embedding_sums_both_gradients()
    {
        var weight = randn(11, 7);
        var (ids, labels) = (tensor([3L, 3L, 0L, 10L]), tensor([3L, 1L, -100L, 7L]));
        var expected = weight.to(ScalarType.Float64).requires_grad_(true);
        var logits = expected.index_select(0, ids).mm(expected.t()).log_softmax(1);
        logits[0][3].add(logits[1][1], Scalars.One).add(logits[3][7], Scalars.One).mul(Scalars.Of(-0.25)).backward();
        var completed = new List<string>();
        using var tied = new Parameter("embed", weight.clone()) { Trains = true };
        using var tape = new Tape(new TapeOptions { GradientCompleted = p => completed.Add(p.Path) });
        var hidden = tape.Apply(new Embedding(tied), tape.Constant(ids));
        var head = new ConformanceHead(tied);
        var loss = tape.Apply(
            new LossOperator(new CrossEntropyLoss(), head, (h, wanted) => new LossInput { Hidden = h, Head = head, Labels = labels, Demands = 0, Scale = 0.25, NeedsGradient = wanted }),
            hidden);
        tape.AddLoss(loss);
        tape.Backward();
        Close.To(expected.grad!, tied.Gradient!, 3e-6, "tied gradient");
        Assert.Equal(["embed"], completed);
    }

    private static Parameter Copy(Parameter parameter) => new(parameter.Path, parameter.Rent().Tensor.clone()) { Trains = true };

    private static Tensor Labels(int tokens, int vocabulary) => LossCalls.Labels(tokens, vocabulary);

    private static ConformanceHead Head(LossFeatures demands, ScalarType dtype, int hidden, int vocabulary) => LossCalls.Head(demands, dtype, hidden, vocabulary, spread: 0.5);
}

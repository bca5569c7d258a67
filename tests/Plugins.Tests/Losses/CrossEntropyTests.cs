using Neoteny.Adapters;
using Neoteny.Autograd;
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

    /// <summary>One demand: a single semantic or all at once.</summary>
    public static TheoryData<LossFeatures, ScalarType> Cases()
    {
        var data = new TheoryData<LossFeatures, ScalarType>();
        LossFeatures[] demands =
        [
            LossFeatures.None, LossFeatures.Softcap, LossFeatures.LabelSmoothing, LossFeatures.ZLoss, LossFeatures.TokenWeights, LossFeatures.Bias,
            LossFeatures.PerToken, LossFeatures.AdaptedHead, new CrossEntropyLoss().Supports,
        ];
        foreach (var demand in demands)
        {
            data.Add(demand, ScalarType.Float32);
            data.Add(demand, ScalarType.BFloat16);
        }

        return data;
    }

    public void Dispose() => scope.Dispose();

    [Fact]
    public void What_is_supported_is_exactly_this() => Assert.Equal(
        LossFeatures.Softcap | LossFeatures.Bias | LossFeatures.TokenWeights | LossFeatures.PerToken | LossFeatures.AdaptedHead | LossFeatures.LabelSmoothing | LossFeatures.ZLoss,
        new CrossEntropyLoss().Supports);

    [Theory]
    [MemberData(nameof(Cases))]
    public void Loss_and_gradients_agree_with_the_reference(LossFeatures demands, ScalarType dtype)
    {
        foreach (var (tokens, hidden, vocabulary) in new[] { (1, 7, 5), (13, 31, 97), (64, 16, 1009) })
        {
            using var head = Head(demands, dtype, hidden, vocabulary);
            var input = Input(head, demands, randn(tokens, hidden).to(dtype), Labels(tokens, vocabulary));
            var expected = LossReference.Run(input);
            var actual = new CrossEntropyLoss().Compute(input);
            var tolerance = dtype == ScalarType.Float32 ? 5e-6 : 2e-2;
            Assert.Equal(expected.Loss, actual.Loss.item<float>(), tolerance * Math.Max(1, Math.Abs(expected.Loss)));
            Assert.Equal((ScalarType.Float32, dtype), (actual.Loss.dtype, actual.HiddenGradient!.dtype));
            Close.To(expected.Hidden, actual.HiddenGradient!, tolerance, "hidden gradient");
            Close.To(expected.Weight, head.Weight.Gradient!, tolerance, "weight gradient");
            if (demands.HasFlag(LossFeatures.Bias))
            {
                Close.To(expected.Bias!, head.Bias!.Gradient!, tolerance, "bias gradient");
            }

            if (demands.HasFlag(LossFeatures.AdaptedHead))
            {
                Close.To(expected.A!, head.Deltas[0].A.Gradient!, tolerance, "gradient of A");
                Close.To(expected.B!, head.Deltas[0].B.Gradient!, tolerance, "gradient of B");
            }

            if (demands.HasFlag(LossFeatures.PerToken))
            {
                Close.To(tensor(expected.PerToken), actual.PerToken!, tolerance, "loss of each token");
            }
            else
            {
                Assert.Null(actual.PerToken);
            }
        }
    }

    [Fact]
    public void Without_gradients_nothing_is_added_to_the_head()
    {
        using var head = Head(LossFeatures.Bias, ScalarType.Float32, 7, 11);
        var actual = new CrossEntropyLoss().Compute(Input(head, LossFeatures.Bias, randn(5, 7), Labels(5, 11), needsGradient: false));
        Assert.True(actual.Loss.item<float>() > 0);
        Assert.Null(actual.HiddenGradient);
        Assert.Null(head.Weight.Gradient);
        Assert.Null(head.Bias!.Gradient);
    }

    [Fact]
    public void A_row_without_trained_labels_costs_nothing()
    {
        var demands = new CrossEntropyLoss().Supports;
        using var head = Head(demands, ScalarType.Float32, 7, 11);
        var actual = new CrossEntropyLoss().Compute(Input(head, demands, randn(5, 7), full([5], -100L)));
        Assert.Equal(0, actual.Loss.item<float>());
        Assert.Equal(new float[35], actual.HiddenGradient!.data<float>());
        Assert.Equal(new float[5], actual.PerToken!.data<float>());
        Assert.True(head.Weight.Gradient is null || head.Weight.Gradient.eq(Scalars.Zero).all().item<bool>());
    }

    [Fact]
    public void Ignored_tokens_get_exactly_zero()
    {
        using var head = Head(LossFeatures.None, ScalarType.Float32, 7, 11);
        var labels = tensor([-100L, 3L, -100L, 0L, 10L]);
        var actual = new CrossEntropyLoss().Compute(Input(head, LossFeatures.PerToken, randn(5, 7), labels));
        Assert.Equal([true, false, true, false, false], actual.PerToken!.eq(Scalars.Zero).data<bool>());
        Assert.Equal([true, false, true, false, false], actual.HiddenGradient!.eq(Scalars.Zero).all(1).data<bool>());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(30)]
    public void Extreme_logits_stay_finite(double softcap)
    {
        using var head = new TestHead(new Parameter("head", tensor([1e4f, -1e4f, 0f]).unsqueeze(1)) { Trains = true }) { Softcap = softcap };
        var actual = new CrossEntropyLoss().Compute(Input(head, LossFeatures.PerToken | (softcap > 0 ? LossFeatures.Softcap : 0), ones(3, 1), tensor([0L, 1L, 2L])));
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
        using var apart = new TestHead(Copy(head.Weight)) { Bias = Copy(head.Bias!) };
        var (hidden, labels) = (randn(Tokens, 3), Labels(Tokens, Vocabulary));
        var whole = new CrossEntropyLoss().Compute(Input(head, LossFeatures.Bias | LossFeatures.PerToken, hidden, labels));
        List<LossResult> parts = [];
        for (var from = 0; from < Tokens; from += 25)
        {
            var count = Math.Min(25, Tokens - from);
            parts.Add(new CrossEntropyLoss().Compute(
                Input(apart, LossFeatures.Bias | LossFeatures.PerToken, hidden.narrow(0, from, count), labels.narrow(0, from, count))));
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
        var head = new TestHead(tied);
        var loss = tape.Apply(
            new LossOperator(new CrossEntropyLoss(), head, (h, wanted) => new LossInput { Hidden = h, Head = head, Labels = labels, Demands = 0, Scale = 0.25, NeedsGradient = wanted }),
            hidden);
        tape.AddLoss(loss);
        tape.Backward();
        Close.To(expected.grad!, tied.Gradient!, 3e-6, "tied gradient");
        Assert.Equal(["embed"], completed);
    }

    [Fact]
    public void Nothing_but_the_results_stays_alive()
    {
        var demands = new CrossEntropyLoss().Supports;
        using var head = Head(demands, ScalarType.Float32, 7, 11);
        var input = Input(head, demands, randn(5, 7), Labels(5, 11));
        void Run()
        {
            using var inner = NewDisposeScope();
            using var guard = no_grad();
            new CrossEntropyLoss().Compute(input);
        }

        Run();
        var before = Tensor.TotalCount;
        Run();
        Assert.Equal(before, Tensor.TotalCount);
    }

    private static Parameter Copy(Parameter parameter) => new(parameter.Path, parameter.Rent().Tensor.clone()) { Trains = true };

    private static Tensor Labels(int tokens, int vocabulary)
        => tensor(Enumerable.Range(0, tokens).Select(t => t % 3 == 2 ? -100L : t == 0 ? vocabulary - 1 : t * 7919L % vocabulary).ToArray());

    private static TestHead Head(LossFeatures demands, ScalarType dtype, int hidden, int vocabulary)
    {
        manual_seed(3);
        Parameter Make(string name, params long[] shape) => new(name, randn(shape).mul_(Scalars.Of(0.5)).to(dtype)) { Trains = true };
        return new TestHead(Make("head", vocabulary, hidden))
        {
            Bias = demands.HasFlag(LossFeatures.Bias) ? Make("bias", vocabulary) : null,
            Deltas = demands.HasFlag(LossFeatures.AdaptedHead) ? [new LowRankDelta { A = Make("a", 2, hidden), B = Make("b", vocabulary, 2), Scale = 0.7 }] : [],
            Softcap = demands.HasFlag(LossFeatures.Softcap) ? 2.5 : 0,
        };
    }

    private static LossInput Input(TestHead head, LossFeatures demands, Tensor hidden, Tensor labels, bool needsGradient = true) => new()
    {
        Hidden = hidden,
        Head = head,
        Labels = labels,
        Demands = demands,
        Scale = 0.125,
        NeedsGradient = needsGradient,
        LabelSmoothing = demands.HasFlag(LossFeatures.LabelSmoothing) ? 0.1 : 0,
        ZLoss = demands.HasFlag(LossFeatures.ZLoss) ? 0.01 : 0,
        TokenWeights = demands.HasFlag(LossFeatures.TokenWeights) ? arange(labels.size(0), dtype: ScalarType.Float32).mul_(Scalars.Of(0.3)) : null,
    };
}

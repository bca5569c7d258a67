using Neoteny.Autograd;
using Neoteny.Conformance;
using Neoteny.Losses;
using Neoteny.Parameters;
using Neoteny.Plugins.CCE;
using Neoteny.Plugins.CrossEntropy;
using Neoteny.Runtime;
using Neoteny.Runtime.Operators;
using static TorchSharp.torch;

namespace Neoteny.Plugins.Tests.Losses;

public sealed class CutCrossEntropyTests : IDisposable
{
    private static readonly CceOptions[] Ways = [new(), new() { WorkspaceMegabytes = 16 }, new() { LowMemory = true }];

    private readonly TorchSharp.DisposeScope scope = NewDisposeScope();

    public void Dispose() => scope.Dispose();

    public static TheoryData<int> EveryWay() => [.. Enumerable.Range(0, Ways.Length)];

    [Fact]
    public void What_is_supported_is_exactly_this() => Assert.Equal(LossCalls.Everything, new CutCrossEntropyLoss(new CceOptions()).Supports);

    [Theory]
    [MemberData(nameof(EveryWay))]
    public void Several_blocks_and_tiles_give_what_the_plain_loss_gives(int way)
    {
        // Of 394 trained tokens two blocks, four in a workspace of 16 MiB; 34 tiles of labels.
        const int Vocabulary = 34_003, Tokens = 590, Hidden = 5;
        foreach (var demands in new[] { LossFeatures.None, LossCalls.Everything })
        {
            using var head = LossCalls.Head(demands, ScalarType.Float32, Hidden, Vocabulary);
            using var plain = LossCalls.Head(demands, ScalarType.Float32, Hidden, Vocabulary);
            var (hidden, labels) = (randn(Tokens, Hidden), LossCalls.Labels(Tokens, Vocabulary));
            var expected = new CrossEntropyLoss().Compute(LossCalls.Input(plain, demands, hidden, labels));
            var actual = new CutCrossEntropyLoss(Ways[way]).Compute(LossCalls.Input(head, demands, hidden, labels));
            Close.To(expected.Loss, actual.Loss, 1e-6, "loss");
            Close.To(expected.HiddenGradient!, actual.HiddenGradient!, 1e-5, "hidden gradient");
            foreach (var (e, a) in plain.Parameters.Zip(head.Parameters))
                Close.To(e.Gradient!, a.Gradient!, 1e-5, e.Path);
        }
    }

    [Theory]
    [MemberData(nameof(EveryWay))]
    public void A_frozen_head_gets_no_gradient(int way)
    {
        using var head = LossCalls.Head(LossFeatures.Bias, ScalarType.Float32, 8, 2100, trains: false);
        var result = new CutCrossEntropyLoss(Ways[way]).Compute(LossCalls.Input(head, LossFeatures.Bias, randn(300, 8), LossCalls.Labels(300, 2100)));
        Assert.True(result.HiddenGradient!.isfinite().all().item<bool>());
        Assert.All(head.Parameters, p => Assert.Null(p.Gradient));
    }

    [Theory]
    [MemberData(nameof(EveryWay))]
    public void A_head_gathered_in_16_bits_is_rounded_once(int way)
    {
        const int Vocabulary = 2100, Tokens = 700, Hidden = 16;
        using var head = LossCalls.Head(LossFeatures.None, ScalarType.BFloat16, Hidden, Vocabulary);
        using var wide = LossCalls.Head(LossFeatures.None, ScalarType.BFloat16, Hidden, Vocabulary);
        wide.Weight.GradientType = ScalarType.Float32;
        var (hidden, labels) = (randn(Tokens, Hidden).to(ScalarType.BFloat16), LossCalls.Labels(Tokens, 7));
        foreach (var each in new[] { head, wide })
            new CutCrossEntropyLoss(Ways[way]).Compute(LossCalls.Input(each, LossFeatures.None, hidden, labels));
        Assert.Equal(ScalarType.BFloat16, head.Weight.Gradient!.dtype);
        Assert.Equal(ScalarType.Float32, wide.Weight.Gradient!.dtype);
        Assert.True(Close.Same(wide.Weight.Gradient.to(ScalarType.BFloat16), head.Weight.Gradient));
    }

    [Theory]
    [MemberData(nameof(EveryWay))]
    public void A_head_tied_to_the_embedding_sums_both_gradients(int way)
    {
        var weight = randn(11, 7);
        var (ids, labels) = (tensor([3L, 3L, 0L, 10L]), tensor([3L, 1L, -100L, 7L]));
        using var tied = new Parameter("embed", weight.clone()) { Trains = true };
        using var plain = new Parameter("embed", weight.clone()) { Trains = true };
        Tied(tied, new CutCrossEntropyLoss(Ways[way]), ids, labels);
        Tied(plain, new CrossEntropyLoss(), ids, labels);
        Close.To(plain.Gradient!, tied.Gradient!, 1e-6, "tied gradient");
    }

    [Theory]
    [MemberData(nameof(EveryWay))]
    public void Without_a_trained_label_nothing_is_computed(int way)
    {
        using var head = LossCalls.Head(LossCalls.Everything, ScalarType.BFloat16, 8, 33);
        var labels = full(5, Scalars.Of(-100L), dtype: ScalarType.Int64);
        var result = new CutCrossEntropyLoss(Ways[way]).Compute(LossCalls.Input(head, LossCalls.Everything, randn(5, 8).to(ScalarType.BFloat16), labels));
        Assert.Equal(0, result.Loss.item<float>());
        Assert.True(Close.Same(zeros(5, 8, dtype: ScalarType.BFloat16), result.HiddenGradient!));
        Assert.True(Close.Same(zeros(5), result.PerToken!));
        Assert.All(head.Parameters, p => Assert.Null(p.Gradient));
    }

    [Theory]
    [InlineData(33)]
    [InlineData(-1)]
    public void A_label_outside_the_vocabulary_is_named(long label)
    {
        using var head = LossCalls.Head(LossFeatures.None, ScalarType.Float32, 8, 33);
        var error = Assert.Throws<ArgumentException>(
            () => new CutCrossEntropyLoss(new CceOptions()).Compute(LossCalls.Input(head, LossFeatures.None, randn(2, 8), tensor([3L, label]))));
        Assert.StartsWith($"The label of token 1 is {label}, which is neither -100 nor below the vocabulary's size 33.", error.Message, StringComparison.Ordinal);
    }

    private static void Tied(Parameter weight, ILoss loss, Tensor ids, Tensor labels)
    {
        using var tape = new Tape();
        var hidden = tape.Apply(new Embedding(weight), tape.Constant(ids));
        var head = new ConformanceHead(weight);
        tape.AddLoss(tape.Apply(
            new LossOperator(loss, head, (h, wanted) => new LossInput { Hidden = h, Head = head, Labels = labels, Demands = 0, Scale = 0.25, NeedsGradient = wanted }),
            hidden));
        tape.Backward();
    }
}

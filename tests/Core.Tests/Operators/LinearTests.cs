using Neoteny.Adapters;
using Neoteny.Autograd;
using Neoteny.Parameters;
using Neoteny.Runtime;
using Neoteny.Runtime.Operators;
using static TorchSharp.torch;

namespace Neoteny.Core.Tests.Operators;

public sealed class LinearTests
{
    private const double Scale = 1.7;

    public static TheoryData<Layout, int, int, int> Cases()
    {
        var data = new TheoryData<Layout, int, int, int>();
        foreach (var layout in new[] { Layout.Dense, Layout.StridedInput, Layout.StridedGradient, Layout.BFloat16 })
        {
            data.Add(layout, 1, 7, 5);
            data.Add(layout, 13, 31, 17);
            data.Add(layout, 64, 32, 48);
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Plain_and_with_bias(Layout layout, int tokens, int inputs, int outputs)
    {
        OperatorComparison.Run(layout, p => new Linear(p[0]), (x, w) => [Plain.Linear(x[0], w[0])], [[tokens, inputs]], [[outputs, inputs]]);
        OperatorComparison.Run(layout, p => new Linear(p[0], p[1]), (x, w) => [Plain.Linear(x[0], w[0], w[1])], [[tokens, inputs]], [[outputs, inputs], [outputs]]);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_frozen_weight_passes_the_gradient_on(Layout layout, int tokens, int inputs, int outputs)
        => OperatorComparison.Run(
            layout, p => new Linear(p[0], p[1]), (x, w) => [Plain.Linear(x[0], w[0], w[1])], [[tokens, inputs]], [[outputs, inputs], [outputs]], 0);

    [Theory]
    [MemberData(nameof(Cases))]
    public void Two_deltas_on_a_frozen_weight(Layout layout, int tokens, int inputs, int outputs)
        => OperatorComparison.Run(
            layout,
            p => new Linear(p[0], null, [Delta(p, 1), Delta(p, 3)]),
            (x, w) => [Plain.Sum(Plain.Sum(Plain.Linear(x[0], w[0]), Low(x[0], w, 1)), Low(x[0], w, 3))],
            [[tokens, inputs]],
            [[outputs, inputs], [3, inputs], [outputs, 3], [1, inputs], [outputs, 1]],
            0);

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_delta_beside_a_trained_weight_and_bias(Layout layout, int tokens, int inputs, int outputs)
        => OperatorComparison.Run(
            layout,
            p => new Linear(p[0], p[3], [Delta(p, 1)]),
            (x, w) => [Plain.Sum(Plain.Linear(x[0], w[0], w[3]), Low(x[0], w, 1))],
            [[tokens, inputs]],
            [[outputs, inputs], [3, inputs], [outputs, 3], [outputs]]);

    [Theory]
    [MemberData(nameof(Cases))]
    public void Dropout_draws_the_same_mask_in_backward(Layout layout, int tokens, int inputs, int outputs)
        => OperatorComparison.Run(
            layout,
            p => new Linear(p[0], null, [Delta(p, 1, 0.5), Delta(p, 3, 0.2)]),
            (x, w) => [Plain.Sum(Plain.Sum(Plain.Linear(x[0], w[0]), Low(Dropped(x[0], layout, 0.5, 0), w, 1)), Low(Dropped(x[0], layout, 0.2, 1), w, 3))],
            [[tokens, inputs]],
            [[outputs, inputs], [3, inputs], [outputs, 3], [2, inputs], [outputs, 2]],
            0);

    [Theory]
    [MemberData(nameof(Cases))]
    public void MagnitudeLinear_keeps_the_norm_out_of_backward(Layout layout, int tokens, int inputs, int outputs)
        => OperatorComparison.Run(
            layout,
            p => new MagnitudeLinear(p[0], p[4], Delta(p, 1, 0, p[3])),
            (x, w) => [Plain.Sum(Directions(x[0], w).mul(w[3].div(Norms(w))), w[4])],
            [[tokens, inputs]],
            [[outputs, inputs], [3, inputs], [outputs, 3], [outputs], [outputs]],
            0);

    [Theory]
    [MemberData(nameof(Cases))]
    public void MagnitudeLinear_with_dropout_drops_the_difference_only(Layout layout, int tokens, int inputs, int outputs)
        => OperatorComparison.Run(
            layout,
            p => new MagnitudeLinear(p[0], null, Delta(p, 1, 0.4, p[3])),
            (x, w) =>
            {
                var dropped = Dropped(x[0], layout, 0.4, 0);
                var difference = Directions(dropped, w).mul(w[3].div(Norms(w))).sub(Plain.Linear(dropped, w[0]));
                return [Plain.Sum(Plain.Linear(x[0], w[0]), difference)];
            },
            [[tokens, inputs]],
            [[outputs, inputs], [3, inputs], [outputs, 3], [outputs]],
            0);

    [Fact]
    public void MagnitudeLinear_refuses_a_trained_weight()
    {
        using var weight = new Parameter("q_proj.weight", ones(2, 2)) { Trains = true };
        using var a = new Parameter("a", ones(1, 2));
        using var b = new Parameter("b", ones(2, 1));
        var e = Assert.Throws<InvalidOperationException>(() => new MagnitudeLinear(weight, null, new LowRankDelta { A = a, B = b, Scale = 1 }));
        Assert.Equal("q_proj.weight trains and has a delta with magnitudes; these need a frozen weight.", e.Message);
    }

    [Fact]
    public void Dropout_is_off_on_a_tape_that_does_not_record()
    {
        using var scope = NewDisposeScope();
        Parameter[] p = [new("w", randn(3, 4)), new("a", randn(2, 4)), new("b", randn(3, 2))];
        var x = randn(5, 4);
        using var tape = new Tape(new TapeOptions { Recording = false });
        var plain = tape.Apply(new Linear(p[0], null, [Delta(p, 1)]), tape.Constant(x)).Tensor;
        var dropping = tape.Apply(new Linear(p[0], null, [Delta(p, 1, 0.9)]), tape.Constant(x)).Tensor;
        Assert.True(Same(plain, dropping));
        Array.ForEach(p, static q => q.Dispose());
    }

    [Fact]
    public void Masks_have_the_right_mean_and_differ_by_index_and_key()
    {
        using var scope = NewDisposeScope();
        var like = empty(400, 250);
        var mask = DropoutMask.Of(0.3, like, 5)!;
        Assert.Equal(1, mask.mean().item<float>(), 0.01);
        Assert.True(Same(mask, DropoutMask.Of(0.3, like, 5)!));
        Assert.False(Same(mask, DropoutMask.Of(0.3, like, 5, 1)!));
        Assert.False(Same(mask, DropoutMask.Of(0.3, like, 6)!));
        Assert.Null(DropoutMask.Of(0, like, 5));
    }

    [Theory]
    [InlineData(Layout.Dense, 1.0)]
    [InlineData(Layout.Dense, 3.0)]
    [InlineData(Layout.StridedGradient, 3.0)]
    [InlineData(Layout.BFloat16, 1.0)]
    public void Embedding_sums_the_gradients_of_repeated_ids(Layout layout, double scale)
    {
        using var scope = NewDisposeScope();
        var ids = tensor([3L, 0L, 3L, 6L, 3L]);
        OperatorComparison.Run(
            layout,
            p => new Looked(new Embedding(p[0], scale), ids),
            (x, w) => [w[0].index_select(0, ids).mul(Scalars.Of(scale)), x[0].mul(Scalars.One)],
            [[1]],
            [[7, 5]]);
    }

    private static bool Same(Tensor a, Tensor b) => a.eq(b).all().item<bool>();

    private static LowRankDelta Delta(Parameter[] p, int first, double dropout = 0, Parameter? magnitude = null)
        => new() { A = p[first], B = p[first + 1], Scale = Scale, Dropout = dropout, Magnitude = magnitude };

    private static Tensor Low(Tensor x, Tensor[] w, int first) => Plain.Linear(Plain.Linear(x, w[first]), w[first + 1]).mul(Scalars.Of(Scale));

    private static Tensor Directions(Tensor x, Tensor[] w) => Plain.Sum(Plain.Linear(x, w[0]), Low(x, w, 1));

    private static Tensor Norms(Tensor[] w) => Plain.Sum(w[0], w[2].mm(w[1]).mul(Scalars.Of(Scale))).detach().norm(1, false, 2f);

    private static Tensor Dropped(Tensor x, Layout layout, double probability, int index)
    {
        var like = empty(x.shape, dtype: layout == Layout.BFloat16 ? ScalarType.BFloat16 : ScalarType.Float32);
        return x.mul(DropoutMask.Of(probability, like, Keys.First(OperatorComparison.Seed), index)!);
    }

    /// <summary>The embedding beside an input that merely passes through, since a comparison wants differentiable inputs.</summary>
    private sealed class Looked(Embedding embedding, Tensor ids) : Operator
    {
        public override string Name => "looked";

        public override IReadOnlyList<Parameter> Parameters => embedding.Parameters;

        public override void Forward(ForwardContext context)
        {
            using var tape = new Tape(new TapeOptions { Recording = false });
            context.Emit(tape.Apply(embedding, tape.Constant(ids)).Tensor.alias());
            context.Emit(context.Input(0).clone());
        }

        public override void Backward(BackwardContext context)
        {
            using var tape = new Tape();
            tape.AddLoss(tape.Apply(embedding, tape.Constant(ids)), context.OutputGradient(0)!);
            tape.Backward();
            context.Pass(0, 1);
        }
    }
}

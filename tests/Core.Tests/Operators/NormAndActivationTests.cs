using Neoteny.Autograd;
using Neoteny.Parameters;
using Neoteny.Runtime.Operators;
using static TorchSharp.torch;

namespace Neoteny.Core.Tests.Operators;

public sealed class NormAndActivationTests
{
    public static TheoryData<Layout, long[]> Cases()
    {
        var data = new TheoryData<Layout, long[]>();
        foreach (var layout in Enum.GetValues<Layout>())
        {
            data.Add(layout, [1, 7]);
            data.Add(layout, [13, 31]);
            data.Add(layout, [16, 16]);
            data.Add(layout, [131, 257]);
        }

        return data;
    }

    public static TheoryData<string, Layout> Activations()
    {
        var data = new TheoryData<string, Layout>();
        foreach (var name in new[] { "silu", "swish", "gelu", "gelu_pytorch_tanh", "gelu_new", "relu" })
        {
            foreach (var layout in new[] { Layout.Dense, Layout.StridedInput, Layout.StridedGradient, Layout.BFloat16 })
            {
                data.Add(name, layout);
            }
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void RmsNorm_agrees_with_autograd(Layout layout, long[] shape)
        => OperatorComparison.Run(layout, p => new RmsNorm(p[0], 1e-5), (x, w) => [Plain.RmsNorm(x[0], w[0], 1e-5, 0)], [shape], [[shape[^1]]]);

    [Theory]
    [MemberData(nameof(Cases))]
    public void RmsNorm_with_an_offset_agrees_with_autograd(Layout layout, long[] shape)
        => OperatorComparison.Run(layout, p => new RmsNorm(p[0], 1e-6, 1), (x, w) => [Plain.RmsNorm(x[0], w[0], 1e-6, 1)], [shape], [[shape[^1]]]);

    [Theory]
    [MemberData(nameof(Cases))]
    public void RmsNorm_of_heads_agrees_with_autograd(Layout layout, long[] shape)
        => OperatorComparison.Run(layout, p => new RmsNorm(p[0], 1e-5), (x, w) => [Plain.RmsNorm(x[0], w[0], 1e-5, 0)], [[shape[0], 3, shape[1]]], [[shape[^1]]]);

    [Theory]
    [MemberData(nameof(Cases))]
    public void RmsNorm_with_a_frozen_weight_agrees_with_autograd(Layout layout, long[] shape)
        => OperatorComparison.Run(layout, p => new RmsNorm(p[0], 1e-5), (x, w) => [Plain.RmsNorm(x[0], w[0], 1e-5, 0)], [shape], [[shape[^1]]], 0);

    [Theory]
    [MemberData(nameof(Activations))]
    public void GatedActivation_agrees_with_autograd(string name, Layout layout)
    {
        foreach (var shape in new long[][] { [1, 7], [13, 31], [67, 509] })
        {
            OperatorComparison.Run(layout, _ => new GatedActivation(name), (x, _) => [Plain.Activation(name, x[0]).mul(x[1])], [shape, shape], []);
        }
    }

    [Theory]
    [InlineData("silu")]
    [InlineData("gelu")]
    [InlineData("gelu_new")]
    public void GatedActivation_of_extreme_gates_stays_finite(string name)
    {
        using var scope = NewDisposeScope();
        using var tape = new Tape();
        var gate = tape.Input(tensor([-1e4f, -200f, -88f, 0f, 88f, 200f, 1e4f, -1e4f, 1e4f]));
        var y = tape.Apply(new GatedActivation(name), gate, tape.Input(ones(9)));
        Assert.All(y.Tensor.data<float>().Zip([0, 0, 0, 0, 88, 200, 1e4f, 0, 1e4f]), pair => Assert.Equal(pair.Second, pair.First, 1e-5f));
        tape.AddLoss(y);
        tape.Backward();
        Assert.All(tape.GradientOf(gate)!.data<float>().Zip([0, 0, 0, 0.5f, 1, 1, 1, 0, 1]), pair => Assert.Equal(pair.Second, pair.First, 1e-5f));
    }

    [Fact]
    public void An_unknown_activation_is_refused()
        => Assert.Equal(
            "The activation 'mish' is not known. Known: silu, swish, gelu, gelu_pytorch_tanh, gelu_new, relu. It comes from 'hidden_act' in the model's config.json.",
            Assert.Throws<InputException>(() => new GatedActivation("mish")).Message);

    [Fact]
    public void Shapes_that_do_not_fit_are_refused_before_a_loop_runs()
    {
        using var scope = NewDisposeScope();
        using var tape = new Tape();
        using var weight = new Parameter("norm.weight", ones(8));
        Value x = tape.Input(ones(3, 6)), wide = tape.Input(ones(3, 8));
        Assert.Equal("rms_norm: norm.weight has 8 features, its input [3, 6] has 6.", Assert.Throws<ArgumentException>(() => tape.Apply(new RmsNorm(weight, 1e-5), x)).Message);
        Assert.Equal("gated_activation: gate [3, 6] and up [3, 8] differ in shape.", Assert.Throws<ArgumentException>(() => tape.Apply(new GatedActivation("silu"), x, wide)).Message);
        Assert.Equal("add: Float32 [3, 6] and Float32 [3, 8] differ in shape or dtype.", Assert.Throws<ArgumentException>(() => tape.Apply(Add.Instance, x, wide)).Message);
        Assert.Equal("split: the parts [2, 3] do not add up to the last dimension of [3, 6].", Assert.Throws<ArgumentException>(() => tape.ApplyMany(new Split(2, 3), x)).Message);
    }
}

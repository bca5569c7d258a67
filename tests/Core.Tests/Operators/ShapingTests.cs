using Neoteny.Autograd;
using Neoteny.Modules;
using Neoteny.Parameters;
using Neoteny.Runtime;
using Neoteny.Runtime.Operators;
using static TorchSharp.torch;

namespace Neoteny.Core.Tests.Operators;

public sealed class ShapingTests
{
    [Theory]
    [InlineData(Layout.Dense, 1, 1, 4, 2)]
    [InlineData(Layout.Dense, 13, 3, 34, 17)]
    [InlineData(Layout.Dense, 71, 8, 32, 16)]
    [InlineData(Layout.Dense, 7, 2, 10, 3)]
    [InlineData(Layout.StridedInput, 7, 2, 10, 3)]
    [InlineData(Layout.StridedInput, 13, 3, 34, 17)]
    [InlineData(Layout.StridedGradient, 7, 2, 10, 3)]
    [InlineData(Layout.BFloat16, 13, 3, 34, 17)]
    [InlineData(Layout.BFloat16, 7, 2, 34, 8)]
    public void Rotary_agrees_with_autograd_full_and_partial(Layout layout, int tokens, int heads, int size, int pairs)
    {
        using var scope = NewDisposeScope();
        var angles_TF = rand(tokens, pairs).mul_(Scalars.Of(6.0));
        using var angles = new RotaryAngles { Cosines = angles_TF.cos(), Sines = angles_TF.sin() };
        OperatorComparison.Run(
            layout, _ => new Rotary(angles), (x, _) => [.. x.Select(t => Plain.Rotary(t, angles.Cosines, angles.Sines))], [[tokens, heads, size], [tokens, 1, size]], []);
    }

    [Fact]
    public void Rotary_turns_a_single_tensor_too()
    {
        using var scope = NewDisposeScope();
        using var angles = new RotaryAngles { Cosines = zeros(3, 2), Sines = ones(3, 2) };
        OperatorComparison.Run(Layout.Dense, _ => new Rotary(angles), (x, _) => [Plain.Rotary(x[0], angles.Cosines, angles.Sines)], [[3, 2, 4]], []);
    }

    [Fact]
    public void Rotary_refuses_heads_that_do_not_fit_the_angles()
    {
        using var scope = NewDisposeScope();
        using var tape = new Tape();
        using var angles = new RotaryAngles { Cosines = ones(3, 4), Sines = ones(3, 4) };
        var e = Assert.Throws<ArgumentException>(() => tape.Apply(new Rotary(angles), tape.Input(ones(5, 2, 8))));
        Assert.Equal("rotary: an input has shape [5, 2, 8] where the angles [3, 4] need [3, heads, at least 8].", e.Message);
    }

    [Theory]
    [InlineData(Layout.Dense)]
    [InlineData(Layout.StridedInput)]
    [InlineData(Layout.StridedGradient)]
    [InlineData(Layout.BFloat16)]
    public void View_Split_and_Add_agree_with_autograd(Layout layout)
    {
        OperatorComparison.Run(layout, _ => new View(-1, 5, 7), (x, _) => [x[0].reshape(-1, 5, 7)], [[11, 35]], []);
        OperatorComparison.Run(layout, _ => new View(1, -1), (x, _) => [x[0].reshape(1, -1)], [[1, 1]], []);
        OperatorComparison.Run(layout, _ => new Split(3, 1, 9), (x, _) => [x[0].narrow(-1, 0, 3), x[0].narrow(-1, 3, 1), x[0].narrow(-1, 4, 9)], [[11, 13]], []);
        OperatorComparison.Run(layout, _ => Add.Instance, (x, _) => [Plain.Sum(x[0], x[1])], [[11, 13], [11, 13]], []);
    }

    [Theory]
    [InlineData(Layout.Dense)]
    [InlineData(Layout.StridedInput)]
    [InlineData(Layout.StridedGradient)]
    [InlineData(Layout.BFloat16)]
    public void PairsToHalves_Softcap_and_Clamp_agree_with_autograd(Layout layout)
    {
        OperatorComparison.Run(layout, _ => new PairsToHalves(6), (x, _) => [Plain.PairsToHalves(x[0], 6)], [[5, 3, 10]], []);
        OperatorComparison.Run(layout, _ => new PairsToHalves(8), (x, _) => [Plain.PairsToHalves(x[0], 8)], [[4, 1, 8]], []);
        OperatorComparison.Run(layout, _ => new Softcap(0.7), (x, _) => [Plain.Softcap(x[0], 0.7)], [[7, 13]], []);
        OperatorComparison.Run(layout, _ => new Clamp(0.75), (x, _) => [x[0].clamp(Scalars.Of(-0.75), Scalars.Of(0.75))], [[7, 13]], []);
    }

    [Fact]
    public void PairsToHalves_puts_first_members_before_second_ones_and_leaves_the_rest()
    {
        using var scope = NewDisposeScope();
        using var tape = new Tape();
        var y = tape.Apply(new PairsToHalves(6), tape.Input(tensor(new float[] { 0, 1, 2, 3, 4, 5, 6, 7 }).reshape(1, 1, 8)));
        Assert.Equal([0, 2, 4, 1, 3, 5, 6, 7], y.Tensor.data<float>());
    }

    [Theory]
    [InlineData(ScalarType.BFloat16, 55.5f)]
    [InlineData(ScalarType.Float16, 55.4375f)]
    [InlineData(ScalarType.Float32, 55.425625f)]
    public void The_scale_of_an_embedding_is_rounded_to_its_dtype(ScalarType dtype, float expected)
    {
        using var scope = NewDisposeScope();
        using var table = new Parameter("table", ones(2, 3, dtype: dtype)) { Trains = true };
        using var tape = new Tape();
        var rows = tape.Apply(new Embedding(table, Math.Sqrt(3072)), tape.Constant(tensor(new long[] { 1 })));
        Assert.All(rows.Tensor.to(ScalarType.Float32).data<float>(), x => Assert.Equal(expected, x));
        tape.AddLoss(rows);
        tape.Backward();
        Assert.Equal([0, 0, 0, expected, expected, expected], table.Gradient!.to(ScalarType.Float32).data<float>());
    }

    [Fact]
    public void Split_gives_zeros_for_parts_that_nothing_used()
    {
        using var scope = NewDisposeScope();
        using var tape = new Tape();
        var x = tape.Input(ones(2, 5));
        var parts = tape.ApplyMany(new Split(2, 3), x);
        tape.AddLoss(parts[1]);
        tape.Backward();
        Assert.Equal([0, 0, 1, 1, 1, 0, 0, 1, 1, 1], tape.GradientOf(x)!.data<float>());
    }
}

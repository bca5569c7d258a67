using Neoteny.Autograd;
using Neoteny.Parameters;
using Neoteny.Runtime;
using Neoteny.Runtime.Operators;
using Neoteny.Tests;
using static TorchSharp.torch;

namespace Neoteny.Core.Tests.Autograd;

public sealed class DifferentiableTests : IDisposable
{
    private readonly TorchSharp.DisposeScope scope = NewDisposeScope();

    public void Dispose() => scope.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Plain_code_is_differentiated_inside_its_call(bool checkpoint)
    {
        using var tape = new Tape();
        var x = tape.Input(tensor([1f, 2f, 3f]));
        tape.AddLoss(tape.Segment("layer", v => [tape.Differentiate(t => t[0].mul(t[0]).mul(t[1]), tape.Apply(new Square(), v[0]), v[0])], [x], checkpoint)[0]);
        tape.Backward();
        Assert.Equal([5, 80, 405], tape.GradientOf(x)!.data<float>());
    }

    [Fact]
    public void Unused_arguments_constants_and_unused_results_are_fine()
    {
        using var tape = new Tape();
        Value x = tape.Input(full([3], 2f)), unused = tape.Input(ones(3)), constant = tape.Constant(full([3], 5f)), ids = tape.Constant(tensor([2L, 1L, 0L]));
        var outputs = tape.ApplyMany(
            new Differentiable("several", t => [t[0].mul(t[2]).index_select(0, t[3]), t[0].exp(), t[2].neg(), t[0], t[0].view(1, 3)]), x, unused, constant, ids);
        tape.AddLoss(outputs[0]);
        tape.AddLoss(outputs[2]);
        tape.AddLoss(outputs[3]);
        tape.AddLoss(outputs[4]);
        tape.Backward();
        Assert.Equal([7, 7, 7], tape.GradientOf(x)!.data<float>());
        Assert.Null(tape.GradientOf(unused));
    }

    [Fact]
    public void Parameters_come_after_the_inputs_and_get_their_gradients()
    {
        using Parameter w = new("w", full([3], 2f)) { Trains = true }, frozen = new("frozen", full([3], 3f));
        var completed = new List<string>();
        using var tape = new Tape(new TapeOptions { GradientCompleted = p => completed.Add(p.Path) });
        var x = tape.Input(ones(3));
        tape.AddLoss(tape.Apply(new Differentiable("scaled", t => [t[0].mul(t[1]).mul(t[2])], w, frozen), x));
        tape.Backward();
        Assert.Equal([6, 6, 6], tape.GradientOf(x)!.data<float>());
        Assert.Equal([3, 3, 3], w.Gradient!.data<float>());
        Assert.Null(frozen.Gradient);
        Assert.Equal(["w"], completed);
        using var lease = w.Rent();
        Assert.False(lease.Tensor.requires_grad);
    }

    [Fact]
    public void A_function_of_another_shape_in_backward_is_refused()
    {
        using var tape = new Tape();
        var calls = 0;
        var y = tape.Differentiate(t => calls++ == 0 ? t[0].mul(t[0]) : t[0].mul(t[0]).unsqueeze(0), tape.Input(ones(3)));
        tape.AddLoss(y);
        var e = Assert.Throws<InvalidOperationException>(tape.Backward);
        Assert.Equal("differentiate: output 0 had shape [3] in forward and [1, 3] in backward; the function must do the same both times.", e.Message);
    }

    [Fact]
    public void Nothing_stays_alive()
        => LiveTensors.Unchanged(() =>
        {
            using var inner = NewDisposeScope();
            using var w = new Parameter("w", ones(3)) { Trains = true };
            using var tape = new Tape();
            tape.AddLoss(tape.Apply(new Differentiable("scaled", t => [t[0].mul(t[1]).exp()], w), tape.Input(ones(3))));
            tape.Backward();
        });

    [Fact]
    public void Versions_count_writes_through_every_view()
    {
        var x = ones(2, 3);
        var before = TensorVersion.Of(x);
        Assert.Equal(before, TensorVersion.Of(x));
        _ = x.add(Scalars.One, Scalars.One);
        Assert.Equal(before, TensorVersion.Of(x));
        x.view(6).mul_(Scalars.Of(2.0));
        using (no_grad())
        {
            x.alias().neg_();
        }

        Assert.Equal(before + 2, TensorVersion.Of(x));
    }
}

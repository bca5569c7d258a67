using Neoteny.Autograd;
using Neoteny.Parameters;
using Neoteny.Runtime.Operators;
using Neoteny.Tests;
using static TorchSharp.torch;

namespace Neoteny.Core.Tests.Autograd;

public sealed class GradientTests : IDisposable
{
    private readonly TorchSharp.DisposeScope scope = NewDisposeScope();
    private readonly List<string> completed = [];

    public void Dispose() => scope.Dispose();

    [Fact]
    public void A_value_used_several_times_gets_the_sum()
    {
        using var tape = new Tape();
        var x = tape.Input(tensor([1f, 2f, 3f]));
        var square = tape.Apply(new Square(), x);
        var product = tape.Apply(Add.Instance, square, tape.Apply(Add.Instance, x, square));
        tape.AddLoss(tape.Apply(Add.Instance, product, tape.Apply(new Square(), square)));
        tape.Backward();
        Assert.Equal([2 * 2 + 1 + 4, 2 * 4 + 1 + 32, 2 * 6 + 1 + 108], tape.GradientOf(x)!.data<float>());
    }

    [Fact]
    public void The_same_value_as_both_inputs_gets_both_gradients()
    {
        using var tape = new Tape();
        var x = tape.Input(ones(3));
        tape.AddLoss(tape.Apply(Add.Instance, x, x));
        tape.Backward();
        Assert.Equal([2, 2, 2], tape.GradientOf(x)!.data<float>());
    }

    [Fact]
    public void Gradients_that_share_storage_do_not_spoil_each_other()
    {
        // Both inputs of the first sum receive the one gradient; one of them then gets more.
        using var tape = new Tape();
        Value a = tape.Input(ones(3)), b = tape.Input(ones(3));
        Value c = tape.Apply(Add.Instance, a, b), d = tape.Apply(new Square(), a);
        var gradient = full([3], 5f);
        tape.AddLoss(c, gradient);
        tape.AddLoss(d);
        tape.AddLoss(c, gradient);
        tape.Backward();
        Assert.Equal([12, 12, 12], tape.GradientOf(a)!.data<float>());
        Assert.Equal([10, 10, 10], tape.GradientOf(b)!.data<float>());
        Assert.Equal([5, 5, 5], gradient.data<float>());
    }

    [Fact]
    public void Several_roots_add_up()
    {
        using var tape = new Tape();
        var x = tape.Input(ones(3));
        var square = tape.Apply(new Square(), x);
        var fourth = tape.Apply(new Square(), square);
        tape.AddLoss(square, full([3], 10f));
        tape.AddLoss(fourth);
        tape.AddLoss(x, full([3], 100f));
        tape.Backward();
        Assert.Equal([124, 124, 124], tape.GradientOf(x)!.data<float>());
    }

    [Fact]
    public void Constants_and_frozen_parameters_get_no_gradient_and_are_not_recorded()
    {
        using var tape = new Tape(new TapeOptions { GradientCompleted = p => completed.Add(p.Path) });
        using var frozen = new Parameter("frozen", ones(3));
        var constant = tape.Constant(ones(3));
        var square = new Square();
        var y = tape.Apply(new Weighted(frozen), tape.Apply(square, constant));
        Assert.False(y.NeedsGradient);
        tape.AddLoss(y);
        tape.Backward();
        Assert.Null(frozen.Gradient);
        Assert.Null(tape.GradientOf(constant));
        Assert.Equal(0, square.Backwards);
        Assert.Empty(completed);
    }

    [Fact]
    public void Gradients_stop_at_constants_and_reach_parameters_behind_frozen_ones()
    {
        using var tape = new Tape();
        using Parameter first = new("first", ones(3)) { Trains = true }, frozen = new("frozen", full([3], 2f));
        tape.AddLoss(tape.Apply(new Weighted(frozen), tape.Apply(new Weighted(first), tape.Constant(ones(3)))));
        tape.Backward();
        Assert.Null(frozen.Gradient);
        Assert.Equal([18, 18, 18], first.Gradient!.data<float>());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_tied_parameter_sums_its_gradients_and_completes_once_and_last(bool checkpoint)
    {
        using var tape = new Tape(new TapeOptions { GradientCompleted = p => completed.Add($"{p.Path} {p.Gradient!.data<float>()[0]}") });
        using Parameter tied = new("tied", ones(3)) { Trains = true }, other = new("other", ones(3)) { Trains = true };
        var x = tape.Apply(new Weighted(tied), tape.Constant(ones(3)));
        var y = tape.Segment("layer", v => [tape.Apply(new Weighted(other), v[0])], [x], checkpoint)[0];
        tape.AddLoss(tape.Apply(new Weighted(tied), y));
        tape.Backward();
        // y = 3 sum(w) for each use: loss = 9 sum(t) sum(o) sum(t) with all weights one.
        Assert.Equal(["other 27", "tied 54"], completed);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_parameter_whose_use_led_nowhere_completes_too(bool checkpoint)
    {
        using var tape = new Tape(new TapeOptions { GradientCompleted = p => completed.Add(p.Path) });
        using Parameter used = new("used", ones(3)) { Trains = true }, unused = new("unused", ones(3)) { Trains = true };
        var x = tape.Apply(new Weighted(used), tape.Constant(ones(3)));
        tape.Segment("layer", v => [tape.Apply(new Weighted(unused), v[0]), tape.Apply(new Weighted(used), v[0])], [x], checkpoint);
        tape.AddLoss(x);
        tape.Backward();
        Assert.Equal(["unused", "used"], completed.Order());
        Assert.Null(unused.Gradient);
        Assert.Equal([3, 3, 3], used.Gradient!.data<float>());
    }

    [Fact]
    public void Nothing_stays_alive_after_a_pass()
        => LiveTensors.Unchanged(() =>
        {
            using var inner = NewDisposeScope();
            using var weight = new Parameter("w", ones(3)) { Trains = true };
            using var tape = new Tape();
            var x = tape.Input(ones(3));
            var y = tape.Segment("layer", v => [tape.Apply(new Exponential(), tape.Apply(new Square(), v[0]))], [x], checkpoint: true)[0];
            tape.AddLoss(tape.Apply(new Weighted(weight), y));
            tape.Backward();
        });

    [Fact]
    public void What_is_saved_is_freed_as_backward_passes()
    {
        var freed = new List<long>();
        using var tape = new Tape();
        var x = tape.Input(ones(3));
        var y = x;
        for (var i = 0; i < 5; i++)
        {
            y = tape.Apply(new Watched(freed), tape.Apply(new Square(), y.Donate()).Donate());
        }

        tape.AddLoss(y);
        tape.Backward();
        Assert.Equal(freed.Order().Reverse(), freed);
        Assert.True(freed[0] - freed[^1] >= 8, string.Join(" ", freed));
    }

    /// <summary>Passes on and notes how many tensors live when backward runs.</summary>
    private sealed class Watched(List<long> alive) : Operator
    {
        public override string Name => "watched";

        public override void Forward(ForwardContext context)
        {
            context.Emit(context.Input(0).clone());
            context.SaveInput(0);
        }

        public override void Backward(BackwardContext context)
        {
            alive.Add(Tensor.TotalCount);
            context.Pass(0);
        }
    }
}

using Neoteny.Autograd;
using Neoteny.Runtime;
using Neoteny.Tests;
using static TorchSharp.torch;

namespace Neoteny.Core.Tests.Autograd;

public sealed class RecomputedOutputTests : IDisposable
{
    private readonly TorchSharp.DisposeScope scope = NewDisposeScope();

    public void Dispose() => scope.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_cheap_output_is_made_again_once_for_all_that_saved_it(bool checkpoint)
    {
        var cheap = new Cheap();
        using var tape = new Tape();
        var x = tape.Input(full([4], 1.5f));
        var y = tape.Segment("layer", v =>
        {
            var doubled = tape.Apply(cheap, v[0]);
            return [tape.Apply(new Square("one"), doubled), tape.Apply(new Square("two"), doubled.Donate())];
        }, [x], checkpoint);
        Assert.Equal(0, cheap.Again);
        tape.AddLoss(y[0]);
        tape.AddLoss(y[1]);
        tape.Backward();

        // Twice (2 x)^2 has the derivative 16 x. A replay has just made the output, so nothing needs to be made again.
        Assert.Equal(checkpoint ? 0 : 1, cheap.Again);
        Assert.Equal(24f, tape.GradientOf(x)!.data<float>()[0], 1e-4f);
    }

    [Fact]
    public void A_cheap_output_takes_no_memory_between_forward_and_backward()
    {
        using var tape = new Tape();
        var x = tape.Input(full([4], 1.5f));
        var before = LiveTensors.CountUncollected();
        var y = tape.Segment("layer", v => [tape.Apply(new Square(), tape.Apply(new Cheap(), v[0]).Donate())], [x])[0];

        Assert.Equal(before + 1, LiveTensors.CountUncollected());
        Assert.DoesNotContain(tape.Holdings(), h => h.Operator == "cheap" && !ReferenceEquals(h.Tensor, x.Tensor) && !ReferenceEquals(h.Tensor, y.Tensor));
    }

    [Fact]
    public void An_unused_cheap_output_is_never_made_again()
    {
        var cheap = new Cheap();
        using var tape = new Tape();
        var x = tape.Input(full([4], 1.5f));
        tape.AddLoss(tape.Apply(cheap, x));
        tape.Backward();
        Assert.Equal(0, cheap.Again);
        Assert.Equal(2f, tape.GradientOf(x)!.data<float>()[0]);
    }

    [Fact]
    public void A_profiler_hears_every_operator_before_and_after_it_runs()
    {
        var log = new Log();
        using var tape = new Tape(new TapeOptions { Profiler = log });
        var x = tape.Input(full([4], 1.5f));
        tape.AddLoss(tape.Segment("layer", v => [tape.Apply(new Square(), v[0])], [x], checkpoint: true)[0]);
        tape.Backward();
        Assert.Equal(["square forward", "square forward done", "square backward", "square backward done"], log.Lines);
    }

    [Fact]
    public void A_total_takes_the_place_of_what_was_given_before()
    {
        using var tape = new Tape();
        var x = tape.Input(full([4], 1.5f));
        var totalled = tape.Apply(new Totalling(), x);
        tape.AddLoss(tape.Apply(new Square(), x));
        tape.AddLoss(totalled);
        tape.Backward();
        Assert.Equal(3f + 1f, tape.GradientOf(x)!.data<float>()[0]);
    }

    [Fact]
    public void Products_are_added_to_a_gradient_in_place_and_gradients_that_somebody_else_holds_stay()
    {
        using var tape = new Tape();
        var x = tape.Input(ones(2, 3));
        var weight = ones(3, 3);
        var seed = ones(2, 3);
        tape.AddLoss(tape.Apply(new Product(weight), x));
        tape.AddLoss(tape.Apply(new Product(weight), x));
        tape.AddLoss(x, seed);
        tape.Backward();
        Assert.All(tape.GradientOf(x)!.data<float>(), g => Assert.Equal(7f, g));
        Assert.All(seed.data<float>(), g => Assert.Equal(1f, g));
    }

    /// <summary><c>y = 2 x</c>, made again instead of kept.</summary>
    private sealed class Cheap : Operator
    {
        public int Again { get; private set; }

        public override string Name => "cheap";

        public override void Forward(ForwardContext context)
        {
            context.Emit(context.Input(0).mul(Scalars.Of(2.0)));
            context.SaveInput(0);
            context.RecomputeOutput(0);
        }

        public override Tensor Recompute(BackwardContext context, int output)
        {
            Again++;
            return context.Input(0).mul(Scalars.Of(2.0));
        }

        public override void Backward(BackwardContext context) => context.Give(0, context.Gradient.mul(Scalars.Of(2.0)));
    }

    /// <summary>The identity, whose gradient arrives as a total.</summary>
    private sealed class Totalling : Operator
    {
        public override string Name => "totalling";

        public override void Forward(ForwardContext context) => context.Emit(context.Input(0).clone());

        public override void Backward(BackwardContext context)
            => context.GiveTotal(0, context.Gathered(0) is { } gathered ? gathered.add(context.Gradient, Scalars.One) : context.Gradient.clone());
    }

    private sealed class Product(Tensor weight) : Operator
    {
        public override string Name => "product";

        public override void Forward(ForwardContext context) => context.Emit(context.Input(0).mm(weight));

        public override void Backward(BackwardContext context) => context.GiveProduct(0, context.Gradient, weight);
    }

    private sealed class Log : IOperatorObserver
    {
        public List<string> Lines { get; } = [];

        public void Before(Operator @operator, bool isBackward) => Lines.Add($"{@operator.Name} {(isBackward ? "backward" : "forward")}");

        public void After(Operator @operator, bool isBackward) => Lines.Add($"{Lines[^1]} done");
    }
}

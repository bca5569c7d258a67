using Neoteny.Autograd;
using Neoteny.Runtime.Operators;
using static TorchSharp.torch;

namespace Neoteny.Core.Tests.Autograd;

public sealed class OverwritingTests : IDisposable
{
    private readonly TorchSharp.DisposeScope scope = NewDisposeScope();

    public void Dispose() => scope.Dispose();

    [Fact]
    public void A_value_is_expendable_once_it_is_donated_and_nobody_else_needs_its_storage()
    {
        using var tape = new Tape();
        var input = tape.Input(ones(2, 3));
        Assert.False(input.Donate().IsExpendable);
        var x = tape.Apply(new Square("square"), input);
        Assert.False(x.IsExpendable);
        Assert.True(x.Donate().IsExpendable);

        var viewed = tape.Apply(new View(6), x);
        Assert.False(x.IsExpendable);
        Assert.True(viewed.Donate().IsExpendable);

        var shared = tape.Apply(new Square("square"), input);
        var view = tape.Apply(new View(6), shared);
        Assert.False(view.Donate().IsExpendable);

        var saved = tape.Apply(new Square("square"), input);
        tape.Apply(new Square("saves"), saved);
        Assert.False(saved.Donate().IsExpendable);
    }

    [Fact]
    public void A_saved_input_may_be_overwritten_by_its_last_reader_only()
    {
        var (first, second) = (new Watching(), new Watching());
        using var tape = new Tape();
        var input = tape.Input(ones(3));
        var x = tape.Apply(new Square("square"), input);
        tape.AddLoss(tape.Apply(first, x));
        tape.AddLoss(tape.Apply(second, x.Donate()));
        tape.AddLoss(tape.Apply(new Watching(), input));
        tape.Backward();
        Assert.Equal((true, false), (first.Could, second.Could));
    }

    [Fact]
    public void A_declared_tensor_is_never_overwritten()
    {
        var watching = new Watching();
        using var tape = new Tape();
        var input = tape.Input(ones(3));
        tape.AddLoss(tape.Apply(watching, input));
        tape.Backward();
        Assert.False(watching.Could);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_gradient_may_be_overwritten_unless_it_is_borrowed(bool given)
    {
        var watching = new Watching();
        using var tape = new Tape();
        var x = tape.Apply(watching, tape.Input(ones(3)));
        if (given)
        {
            tape.AddLoss(x, ones(3));
        }
        else
        {
            tape.AddLoss(tape.Apply(new Square("square"), x));
        }

        tape.Backward();
        Assert.Equal(!given, watching.CouldGradient);
    }

    [Fact]
    public void One_gradient_of_several_inputs_is_not_added_to_in_place()
    {
        using var tape = new Tape();
        var (a, b) = (tape.Input(ones(3)), tape.Input(ones(3)));
        tape.AddLoss(tape.Apply(new Square("square"), a));
        tape.AddLoss(tape.Apply(new Sum(), a, b));
        tape.AddLoss(tape.Apply(new Sum(), b, a));
        tape.Backward();
        Assert.Equal([12f, 12f, 12f], tape.GradientOf(a)!.data<float>());
        Assert.Equal([10f, 10f, 10f], tape.GradientOf(b)!.data<float>());
    }

    /// <summary>Asks what it may overwrite.</summary>
    private sealed class Watching : Operator
    {
        public bool Could { get; private set; }

        public bool CouldGradient { get; private set; }

        public override string Name => "watching";

        public override void Forward(ForwardContext context)
        {
            context.Emit(context.Input(0).clone());
            context.SaveInput(0);
        }

        public override void Backward(BackwardContext context)
        {
            (Could, CouldGradient) = (context.MayOverwriteInput(0), context.MayOverwriteGradient(0));
            context.Give(0, context.Gradient.clone());
        }
    }

    /// <summary>Five times the sum.</summary>
    private sealed class Sum : Operator
    {
        public override string Name => "sum";

        public override void Forward(ForwardContext context) => context.Emit(context.Input(0).add(context.Input(1), Runtime.Scalars.One).mul(Runtime.Scalars.Of(5.0)));

        public override void Backward(BackwardContext context) => context.GiveShared(context.Gradient.mul(Runtime.Scalars.Of(5.0)), 0, 1);
    }
}

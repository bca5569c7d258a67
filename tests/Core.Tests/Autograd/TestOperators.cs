using Neoteny.Autograd;
using Neoteny.Parameters;
using Neoteny.Runtime;
using static TorchSharp.torch;

namespace Neoteny.Core.Tests.Autograd;

/// <summary><c>y = x * x</c>; saves its input and counts its runs.</summary>
internal sealed class Square(string name = "square") : Operator
{
    public int Forwards { get; private set; }

    public int Backwards { get; private set; }

    public override string Name => name;

    public override void Forward(ForwardContext context)
    {
        Forwards++;
        context.Emit(context.Input(0).mul(context.Input(0)));
        context.SaveInput(0);
    }

    public override void Backward(BackwardContext context)
    {
        Backwards++;
        context.Give(0, context.Gradient.mul(context.Input(0)).mul_(Scalars.Of(2.0)));
    }
}

/// <summary><c>y = exp(x)</c>; saves its output and counts its runs.</summary>
internal sealed class Exponential : Operator
{
    public int Forwards { get; private set; }

    public override string Name => "exponential";

    public override void Forward(ForwardContext context)
    {
        Forwards++;
        context.Emit(context.Input(0).exp());
        context.SaveOutput(0);
    }

    public override void Backward(BackwardContext context) => context.Give(0, context.Gradient.mul(context.Output(0)));
}

/// <summary><c>y = sum(x) * w</c> for a parameter; saves the sum as an extra.</summary>
internal sealed class Weighted(Parameter weight) : Operator
{
    public int Forwards { get; private set; }

    public override string Name => "weighted";

    public override IReadOnlyList<Parameter> Parameters { get; } = [weight];

    public override void Forward(ForwardContext context)
    {
        Forwards++;
        using var w = weight.Rent();
        var sum = context.Input(0).sum();
        context.Emit(sum.mul(w.Tensor));
        context.Save(sum);
    }

    public override void Backward(BackwardContext context)
    {
        if (weight.Trains)
        {
            weight.AddGradient(context.Gradient.mul(context.Extra(0)));
        }

        using var w = weight.Rent();
        if (context.NeedsGradient(0))
        {
            context.Give(0, context.Gradient.mul(w.Tensor).sum().expand(3).clone());
        }
    }
}

/// <summary>Negates its input in place.</summary>
internal sealed class NegateInPlace : Operator
{
    public override string Name => "negate_in_place";

    public override IReadOnlyList<int> Mutates => [0];

    public override int SharesStorage(int output) => 0;

    public override void Forward(ForwardContext context) => context.Emit(context.Input(0).neg_().alias());

    public override void Backward(BackwardContext context) => context.Give(0, context.Gradient.neg());
}

/// <summary>Writes to its input without saying so.</summary>
internal sealed class Secretive : Operator
{
    public override string Name => "secretive";

    public override void Forward(ForwardContext context) => context.Emit(context.Input(0).mul_(Scalars.Of(3.0)).clone());

    public override void Backward(BackwardContext context) => context.Give(0, context.Gradient.mul(Scalars.Of(3.0)));
}

/// <summary>Passes through until its n-th forward or backward, which throws after it has emitted, saved or given something.</summary>
internal sealed class Failing(int forwards = int.MaxValue, int backwards = int.MaxValue) : Operator
{
    private int forward;
    private int backward;

    public override string Name => "failing";

    public override void Forward(ForwardContext context)
    {
        context.Emit(context.Input(0).clone());
        context.Save(ones(3));
        context.SaveInput(0);
        if (++forward >= forwards)
        {
            throw new NeotenyException("forward failed");
        }
    }

    public override void Backward(BackwardContext context)
    {
        context.Give(0, context.Gradient.clone());
        if (++backward >= backwards)
        {
            throw new NeotenyException("backward failed");
        }
    }
}

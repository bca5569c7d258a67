using Neoteny.Autograd;
using Neoteny.Modules;
using Neoteny.Parameters;
using Neoteny.Runtime;
using Neoteny.Runtime.Operators;
using static TorchSharp.torch;

namespace Neoteny.Plugins.Tests.Samples;

/// <summary>An RMSNorm that also offers to add the residual.</summary>
internal sealed class SampleNorm(INorm plain, bool ignoresOffset = false, bool ignoresResidual = false) : IResidualNorm
{
    private readonly RmsNorm norm = new(plain.Weight, plain.Epsilon, ignoresOffset ? 0 : plain.Offset);

    public Parameter Weight => plain.Weight;

    public double Epsilon => plain.Epsilon;

    public double Offset => plain.Offset;

    public Value Forward(Tape tape, Value x) => tape.Apply(norm, x);

    public (Value Normed, Value Sum) Forward(Tape tape, Value x, Value residual)
    {
        var sum = tape.Apply(Add.Instance, x, residual);
        return (Forward(tape, ignoresResidual ? x : sum), sum);
    }
}

/// <summary>A gated MLP that calls the current blocks of its nested sites.</summary>
internal sealed class SampleMlp(ModuleSite site, bool callsPlain = false) : IGatedMlp
{
    private readonly GatedActivation gated = new(((IGatedMlp)site.Original).Activation);

    public ILinear Gate => Nested(0);

    public ILinear Up => Nested(1);

    public ILinear Down => Nested(2);

    public string Activation => ((IGatedMlp)site.Original).Activation;

    public Value Forward(Tape tape, Value x_TH) => Down.Forward(tape, tape.Apply(gated, Gate.Forward(tape, x_TH), Up.Forward(tape, x_TH)));

    private ILinear Nested(int index) => (ILinear)(callsPlain ? site.Nested[index].Original : site.Nested[index].Current);
}

/// <summary>A wrapper that does nothing but call what it wraps.</summary>
internal sealed class SampleWrapper(IGatedMlp inner) : IGatedMlp
{
    public ILinear Gate => inner.Gate;

    public ILinear Up => inner.Up;

    public ILinear Down => inner.Down;

    public string Activation => inner.Activation;

    public Value Forward(Tape tape, Value x_TH) => inner.Forward(tape, x_TH);
}

/// <summary>A linear block whose faults can be chosen.</summary>
internal sealed class SampleLinear(ModuleSite site, bool ignoresDeltas = false, bool cachesWeight = false, bool forgetsBackwardMask = false) : ILinear
{
    private readonly ILinear plain = (ILinear)site.Original;
    private Parameter? copy;

    public Parameter Weight => plain.Weight;

    public Parameter? Bias => plain.Bias;

    public IReadOnlyList<Adapters.LowRankDelta> Deltas => site.Deltas;

    public Value Forward(Tape tape, Value x_TI)
    {
        if (ignoresDeltas)
        {
            return tape.Apply(new Linear(Weight, Bias), x_TI);
        }

        if (cachesWeight)
        {
            using var lease = Weight.Rent();
            copy ??= new Parameter("copy", lease.Tensor.clone());
            return tape.Apply(new Linear(copy, Bias), x_TI);
        }

        return forgetsBackwardMask ? tape.Apply(new MaskForgotten(Deltas[0]), plain.Forward(tape, x_TI), x_TI) : plain.Forward(tape, x_TI);
    }

    /// <summary>Adds a second delta's worth of dropped input, with another mask in backward.</summary>
    private sealed class MaskForgotten(Adapters.LowRankDelta delta) : Operator
    {
        public override string Name => "mask_forgotten";

        public override IReadOnlyList<Parameter> Parameters => [delta.A, delta.B];

        public override void Forward(ForwardContext context)
        {
            var x = context.Input(1);
            var mask = context.IsRecording ? DropoutMask.Of(delta.Dropout, x, context.RandomKey) : null;
            var y = context.Input(0).clone();
            LowRank.Up(delta, LowRank.Down(delta, mask is null ? x : x.mul(mask)), y);
            context.Emit(y);
            context.SaveInput(1);
        }

        public override void Backward(BackwardContext context)
        {
            var x = context.Input(1);
            var other = DropoutMask.Of(delta.Dropout, x, context.RandomKey + 1);
            var dropped = other is null ? x : x.mul(other);
            LowRank.Backward(delta, context.Gradient, dropped, LowRank.Down(delta, dropped), other, null);
            context.Pass(0);
            context.Give(1, zeros_like(x));
        }
    }
}

using Neoteny.Adapters;
using Neoteny.Autograd;
using Neoteny.Modules;
using Neoteny.Parameters;
using Neoteny.Runtime.Operators;

namespace Neoteny.Benchmarks.Gpu;

// The least that blocks need to be replaced, or to be given to a loss.

internal sealed class Head(Parameter weight) : IHead
{
    public Parameter Weight => weight;

    public Parameter? Bias => null;

    public IReadOnlyList<LowRankDelta> Deltas => [];

    public double Softcap => 0;

    public Value Forward(Tape tape, Value hidden_TH) => tape.Apply(new Linear(weight), hidden_TH);
}

internal sealed class Norm(Parameter weight, Parameter? bias) : INorm
{
    public Parameter Weight => weight;

    public Parameter? Bias => bias;

    public double Epsilon => 1e-5;

    public bool Centered => bias is not null;

    public Value Forward(Tape tape, Value x) => throw new NotSupportedException();
}

/// <summary>A gated MLP whose projections are copies.</summary>
internal sealed class Mlp(string activation) : IGatedMlp
{
    public ILinear Gate { get; } = new Projection();

    public ILinear Up { get; } = new Projection();

    public ILinear Down { get; } = new Projection();

    public string Activation => activation;

    public Value Forward(Tape tape, Value x_TH) => throw new NotSupportedException();

    private sealed class Projection : ILinear
    {
        public Parameter Weight => throw new NotSupportedException();

        public Parameter? Bias => null;

        public IReadOnlyList<LowRankDelta> Deltas => [];

        public Value Forward(Tape tape, Value x_TI) => tape.Apply(Copy.Instance, x_TI);
    }
}

internal sealed class Turner : IRotary
{
    public int RotatedSize => 128;

    public (Value Query, Value Key) Forward(Tape tape, Value query, Value key, RotaryAngles positions) => throw new NotSupportedException();
}

/// <summary>A copy of the tape's own, both ways.</summary>
internal sealed class Copy : Operator
{
    public static Copy Instance { get; } = new();

    public override string Name => "copy";

    public override void Forward(ForwardContext context) => context.Emit(context.Input(0).clone());

    public override void Backward(BackwardContext context) => context.Give(0, context.Gradient.clone());
}

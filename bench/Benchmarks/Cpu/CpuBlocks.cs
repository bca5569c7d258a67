using Neoteny.Adapters;
using Neoteny.Autograd;
using Neoteny.Modules;
using Neoteny.Parameters;
using static TorchSharp.torch;

namespace Neoteny.Benchmarks.Cpu;

// The least that blocks need to be replaced.

internal sealed class RmsSite(Parameter weight) : INorm
{
    public Parameter Weight => weight;

    public double Epsilon => 1e-5;

    public Value Forward(Tape tape, Value x) => throw new NotSupportedException();
}

internal sealed class LayerSite(Parameter weight, Parameter bias) : INorm
{
    public Parameter Weight => weight;

    public Parameter? Bias => bias;

    public double Epsilon => 1e-5;

    public bool Centered => true;

    public Value Forward(Tape tape, Value x) => throw new NotSupportedException();
}

internal sealed class AnyRotary : IRotary
{
    public int RotatedSize => 64;

    public (Value Query, Value Key) Forward(Tape tape, Value query, Value key, RotaryAngles positions) => throw new NotSupportedException();
}

/// <summary>A gated MLP without projections: the gate's inputs are given.</summary>
internal sealed class TwoInputs : IGatedMlp
{
    public TwoInputs(string activation)
    {
        Activation = activation;
        Gate = new Hand(() => First!);
        Up = new Hand(() => Second!);
        Down = new Hand(null);
    }

    public Value? First { get; set; }

    public Value? Second { get; set; }

    public ILinear Gate { get; }

    public ILinear Up { get; }

    public ILinear Down { get; }

    public string Activation { get; }

    public Value Forward(Tape tape, Value x_TH) => throw new NotSupportedException();

    private sealed class Hand(Func<Value>? value) : ILinear
    {
        public Parameter Weight => throw new NotSupportedException();

        public Parameter? Bias => null;

        public IReadOnlyList<LowRankDelta> Deltas => [];

        public Value Forward(Tape tape, Value x_TI) => value?.Invoke() ?? x_TI;
    }
}

/// <summary>Gives a tensor as the tape's own, as if an operator had just made it; its gradient is that of the input.</summary>
internal sealed class Given(Tensor tensor) : Operator
{
    public override string Name => "given";

    public override void Forward(ForwardContext context) => context.Emit(tensor.alias());

    public override void Backward(BackwardContext context) => context.Pass(0);
}

using Neoteny.Adapters;
using Neoteny.Autograd;
using Neoteny.Modules;
using Neoteny.Parameters;

namespace Neoteny.Conformance;

/// <summary>A block that passes every call on and counts them.</summary>
internal interface IProbe : IBlock
{
    int Calls { get; }
}

/// <summary>Makes probes by role.</summary>
internal static class Probe
{
    /// <summary>A probe around a block; null for a role that has none.</summary>
    public static IBlock? Around(IBlock block) => block switch
    {
        ILinear linear => new LinearProbe(linear),
        INorm norm => new NormProbe(norm),
        IGatedMlp mlp => new MlpProbe(mlp),
        IRotary rotary => new RotaryProbe(rotary),
        IProjections projections => new ProjectionsProbe(projections),
        _ => null,
    };

    private sealed class LinearProbe(ILinear inner) : ILinear, IProbe
    {
        public int Calls { get; private set; }

        public Parameter Weight => inner.Weight;

        public Parameter? Bias => inner.Bias;

        public IReadOnlyList<LowRankDelta> Deltas => inner.Deltas;

        public Value Forward(Tape tape, Value x_TI)
        {
            Calls++;
            return inner.Forward(tape, x_TI);
        }
    }

    private sealed class NormProbe(INorm inner) : INorm, IProbe
    {
        public int Calls { get; private set; }

        public Parameter Weight => inner.Weight;

        public Parameter? Bias => inner.Bias;

        public double Epsilon => inner.Epsilon;

        public double Offset => inner.Offset;

        public bool Centered => inner.Centered;

        public Value Forward(Tape tape, Value x)
        {
            Calls++;
            return inner.Forward(tape, x);
        }
    }

    private sealed class MlpProbe(IGatedMlp inner) : IGatedMlp, IProbe
    {
        public int Calls { get; private set; }

        public ILinear Gate => inner.Gate;

        public ILinear Up => inner.Up;

        public ILinear Down => inner.Down;

        public string Activation => inner.Activation;

        public Value Forward(Tape tape, Value x_TH)
        {
            Calls++;
            return inner.Forward(tape, x_TH);
        }
    }

    private sealed class RotaryProbe(IRotary inner) : IRotary, IProbe
    {
        public int Calls { get; private set; }

        public int RotatedSize => inner.RotatedSize;

        public (Value Query, Value Key) Forward(Tape tape, Value query, Value key, RotaryAngles positions)
        {
            Calls++;
            return inner.Forward(tape, query, key, positions);
        }
    }

    private sealed class ProjectionsProbe(IProjections inner) : IProjections, IProbe
    {
        public int Calls { get; private set; }

        public ILinear Query => inner.Query;

        public ILinear Key => inner.Key;

        public ILinear Value => inner.Value;

        (Value Query, Value Key, Value Value) IProjections.Forward(Tape tape, Value x_TH)
        {
            Calls++;
            return inner.Forward(tape, x_TH);
        }
    }
}

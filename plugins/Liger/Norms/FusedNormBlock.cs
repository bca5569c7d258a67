using Neoteny.Autograd;
using Neoteny.Modules;
using Neoteny.Parameters;

namespace Neoteny.Plugins.Liger;

/// <summary>A norm that can add the residual on the way.</summary>
internal sealed class FusedNormBlock(string name, INorm plain) : IResidualNorm
{
    private readonly FusedNorm norm = new(name, plain);

    public Parameter Weight => plain.Weight;

    public Parameter? Bias => plain.Bias;

    public double Epsilon => plain.Epsilon;

    public double Offset => plain.Offset;

    public bool Centered => plain.Centered;

    public bool IsCapturable => true;

    public Value Forward(Tape tape, Value x) => tape.Apply(norm, x);

    public (Value Normed, Value Sum) Forward(Tape tape, Value x, Value residual)
    {
        var made = tape.ApplyMany(norm, x, residual);
        return (made[0], made[1]);
    }
}

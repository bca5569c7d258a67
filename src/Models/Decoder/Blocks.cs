using Neoteny.Adapters;
using Neoteny.Autograd;
using Neoteny.Modules;
using Neoteny.Parameters;
using Neoteny.Runtime.Operators;
using static TorchSharp.torch;

namespace Neoteny.Models.Decoder;

// T tokens, H hidden, I intermediate, V vocabulary: the plain blocks of a decoder, each beside its role.

/// <summary>The plain embedding.</summary>
internal sealed class EmbeddingBlock(ModuleSite site, Parameter weight, double scale = 1) : IEmbedding
{
    public Parameter Weight => weight;

    public double Scale => scale;

    public IReadOnlyList<LowRankDelta> Deltas => site.Deltas;

    public Value Forward(Tape tape, Tensor ids_T) => tape.Apply(new Embedding(weight, scale, Deltas), tape.Constant(ids_T));
}

/// <summary>The plain linear map; it reads its site's deltas each time.</summary>
internal sealed class LinearBlock(ModuleSite site, Parameter weight, Parameter? bias) : ILinear
{
    private (int Deltas, Operator Operator)? made;

    public Parameter Weight => weight;

    public Parameter? Bias => bias;

    public IReadOnlyList<LowRankDelta> Deltas => site.Deltas;

    public Value Forward(Tape tape, Value x_TI)
    {
        if (made is not { } current || current.Deltas != Deltas.Count)
        {
            made = current = (Deltas.Count, Make());
        }

        return tape.Apply(current.Operator, x_TI);
    }

    private Operator Make() => Deltas.FirstOrDefault(d => d.Magnitude is not null) switch
    {
        null => new Linear(weight, bias, Deltas),
        { } delta when Deltas.Count == 1 => new MagnitudeLinear(weight, bias, delta),
        _ => throw new NeotenyException($"{site.Path} has several deltas and one of them has magnitudes; merge the others first."),
    };
}

/// <summary>The plain RMSNorm.</summary>
internal sealed class NormBlock(Parameter weight, double epsilon, double offset = 0) : INorm
{
    private readonly RmsNorm norm = new(weight, epsilon, offset);

    public Parameter Weight => weight;

    public double Epsilon => epsilon;

    public double Offset => offset;

    public Value Forward(Tape tape, Value x) => tape.Apply(norm, x);
}

/// <summary>The plain rotary embedding.</summary>
internal sealed class RotaryBlock(int rotatedSize) : IRotary
{
    public int RotatedSize => rotatedSize;

    public (Value Query, Value Key) Forward(Tape tape, Value query, Value key, RotaryAngles positions)
    {
        var turned = tape.ApplyMany(new Rotary(positions), query, key);
        return (turned[0], turned[1]);
    }
}

/// <summary>The plain head; tied when its weight is the embedding's.</summary>
internal sealed class HeadBlock(ModuleSite site, Parameter weight, double softcap = 0) : IHead
{
    public Parameter Weight => weight;

    public Parameter? Bias => null;

    public IReadOnlyList<LowRankDelta> Deltas => site.Deltas;

    public double Softcap => softcap;

    public Value Forward(Tape tape, Value hidden_TH)
    {
        var logits_TV = tape.Apply(new Linear(weight, null, Deltas), hidden_TH);
        return softcap == 0 ? logits_TV : tape.Apply(new Softcap(softcap), logits_TV.Donate());
    }
}

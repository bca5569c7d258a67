using Neoteny.Adapters;
using Neoteny.Attention;
using Neoteny.Autograd;
using Neoteny.Modules;
using Neoteny.Parameters;
using Neoteny.Runtime.Operators;
using static TorchSharp.torch;

namespace Neoteny.Conformance;

// The plain blocks of the tiny model. With isExact they compute from the definition in the dtype of their inputs; else as the host's do.

internal sealed class PlainLinear(ModuleSite site, Parameter weight, Parameter? bias) : ILinear
{
    public Parameter Weight => weight;

    public Parameter? Bias => bias;

    public IReadOnlyList<LowRankDelta> Deltas => site.Deltas;

    public Value Forward(Tape tape, Value x_TI) => tape.Apply(
        Deltas.FirstOrDefault() is { Magnitude: not null } delta ? new MagnitudeLinear(weight, bias, delta) : new Linear(weight, bias, Deltas), x_TI);
}

internal sealed class PlainNorm(Parameter weight, Parameter? bias, ModuleVariant variant, bool isExact) : INorm
{
    private readonly Operator norm = isExact || variant.LayerNorm
        ? ExactOperators.Norm(weight, bias, 1e-5, variant.NormOffset, variant.LayerNorm)
        : new RmsNorm(weight, 1e-5, variant.NormOffset);

    public Parameter Weight => weight;

    public Parameter? Bias => bias;

    public double Epsilon => 1e-5;

    public double Offset => variant.NormOffset;

    public bool Centered => variant.LayerNorm;

    public Value Forward(Tape tape, Value x) => tape.Apply(norm, x);
}

internal sealed class PlainRotary(int rotatedSize, bool isExact) : IRotary
{
    public int RotatedSize => rotatedSize;

    public (Value Query, Value Key) Forward(Tape tape, Value query, Value key, RotaryAngles positions)
    {
        var turned = isExact
            ? tape.ApplyMany(ExactOperators.Rotary, query, key, tape.Constant(positions.Cosines), tape.Constant(positions.Sines))
            : tape.ApplyMany(new Rotary(positions), query, key);
        return (turned[0], turned[1]);
    }
}

internal sealed class PlainMlp(ModuleSite gate, ModuleSite up, ModuleSite down, string activation, bool isExact) : IGatedMlp
{
    private readonly Operator gated = isExact ? ExactOperators.Gate(activation) : new GatedActivation(activation);

    public ILinear Gate => (ILinear)gate.Current;

    public ILinear Up => (ILinear)up.Current;

    public ILinear Down => (ILinear)down.Current;

    public string Activation => activation;

    public Value Forward(Tape tape, Value x_TH)
    {
        var g_TI = Gate.Forward(tape, x_TH);
        return Down.Forward(tape, tape.Apply(gated, g_TI, Up.Forward(tape, x_TH)));
    }
}

internal sealed class PlainFusedMlp(ModuleSite gateUp, ModuleSite down, string activation, bool isExact) : IFusedGatedMlp
{
    private readonly Operator gated = isExact ? ExactOperators.Gate(activation) : new GatedActivation(activation);

    public ILinear GateUp => (ILinear)gateUp.Current;

    public ILinear Down => (ILinear)down.Current;

    public string Activation => activation;

    public Value Forward(Tape tape, Value x_TH)
    {
        var half = GateUp.Weight.Shape[0] / 2;
        var halves = tape.ApplyMany(new Split(half, half), GateUp.Forward(tape, x_TH));
        return Down.Forward(tape, tape.Apply(gated, halves[0], halves[1]));
    }
}

internal sealed class PlainProjections(ModuleSite query, ModuleSite key, ModuleSite value) : IProjections
{
    public ILinear Query => (ILinear)query.Current;

    public ILinear Key => (ILinear)key.Current;

    public ILinear Value => (ILinear)value.Current;

    (Value Query, Value Key, Value Value) IProjections.Forward(Tape tape, Value x_TH)
        => (Query.Forward(tape, x_TH), Key.Forward(tape, x_TH), Value.Forward(tape, x_TH));
}

internal sealed class PlainAttention(AttentionSpec spec, ModuleSite projections, ModuleSite rotary, ModuleSite output) : IAttentionBlock
{
    public AttentionSpec Spec => spec;

    public IProjections? Projections => (IProjections)projections.Current;

    public ILinear Output => (ILinear)output.Current;

    public Value Forward(Tape tape, Value x_TH, RowContext row)
    {
        Value Heads(Value x, int heads) => tape.Apply(new View(-1, heads, spec.HeadSize), x);
        var (q, k, v) = Projections!.Forward(tape, x_TH);
        var (query, key) = ((IRotary)rotary.Current).Forward(tape, Heads(q, spec.QueryHeads), Heads(k, spec.KeyHeads), row.Angles);
        var attended = tape.Apply(new Attend(ReferenceAttention.Instance, spec, row.Layout), query, key, Heads(v, spec.KeyHeads));
        return Output.Forward(tape, tape.Apply(new View(-1, (long)spec.QueryHeads * spec.HeadSize), attended));
    }
}

internal sealed class PlainExperts(ModuleSite site, Parameter gateUp, Parameter? gateUpBias, Parameter down, Parameter? downBias, ExpertActivation activation, bool isExact) : IExperts
{
    public Parameter GateUp => gateUp;

    public Parameter? GateUpBias => gateUpBias;

    public Parameter Down => down;

    public Parameter? DownBias => downBias;

    public ExpertActivation Activation => activation;

    public IReadOnlyList<LowRankDelta> Deltas => site.Deltas;

    public Value Forward(Tape tape, Value x_TH, Routing routing)
        => tape.Apply(isExact ? ExactExperts.Operator(this) : new Experts(this), x_TH, routing.Experts, routing.Weights);
}

internal sealed class PlainHead(ModuleSite site, Parameter weight) : IHead
{
    public Parameter Weight => weight;

    public Parameter? Bias => null;

    public IReadOnlyList<LowRankDelta> Deltas => site.Deltas;

    public Value Forward(Tape tape, Value hidden_TH) => tape.Apply(new Linear(weight, null, Deltas), hidden_TH);
}

internal sealed class PlainEmbedding(Parameter weight) : IEmbedding
{
    public Parameter Weight => weight;

    public Value Forward(Tape tape, Tensor ids_T) => tape.Apply(new Embedding(weight), tape.Constant(ids_T));
}

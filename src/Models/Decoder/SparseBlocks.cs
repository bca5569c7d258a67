using Neoteny.Adapters;
using Neoteny.Autograd;
using Neoteny.Modules;
using Neoteny.Parameters;
using Neoteny.Runtime.Operators;
using static TorchSharp.torch;

namespace Neoteny.Models.Decoder;

// T tokens, H hidden, E experts, k experts a token

/// <summary>The plain router.</summary>
internal sealed class RouterBlock(ModuleSite site, SparseMlp mlp, Parameter weight, Parameter? bias, Parameter? correction) : IRouter
{
    private static readonly Cast Single = new(ScalarType.Float32);

    private readonly RouterScores scores = new(mlp.Scoring, correction);

    public Parameter Weight => weight;

    public Parameter? Bias => bias;

    public Parameter? Correction => correction;

    public IReadOnlyList<LowRankDelta> Deltas => site.Deltas;

    public RouterScoring Scoring => mlp.Scoring;

    public int ExpertCount => mlp.ExpertCount;

    public Routing Forward(Tape tape, Value x_TH)
    {
        var input = mlp.RoutesInSingle && weight.DType != ScalarType.Float32 ? tape.Apply(Single, x_TH) : x_TH;
        var logits_TE = tape.Apply(new Linear(weight, bias, Deltas), input);
        var chosen = tape.ApplyMany(scores, logits_TE);
        return new Routing { Logits = logits_TE, Weights = chosen[0], Experts = chosen[1] };
    }
}

/// <summary>The plain experts, one after another.</summary>
internal sealed class ExpertsBlock(ModuleSite site, SparseMlp mlp, ExpertParameters parameters) : IExperts
{
    public Parameter GateUp => parameters.GateUp;

    public Parameter? GateUpBias => parameters.GateUpBias;

    public Parameter Down => parameters.Down;

    public Parameter? DownBias => parameters.DownBias;

    public ExpertActivation Activation { get; } = new()
    {
        Name = mlp.Activation,
        Alpha = mlp.ActivationAlpha,
        Limit = mlp.ActivationLimit,
        UpOffset = mlp.UpOffset,
    };

    public bool TakesTurns => mlp.Layout.TakesTurns;

    public IReadOnlyList<LowRankDelta> Deltas => site.Deltas;

    public Value Forward(Tape tape, Value x_TH, Routing routing) => tape.Apply(new Experts(this), x_TH, routing.Experts, routing.Weights);
}

/// <summary>The stacks of a set of experts.</summary>
internal sealed record ExpertParameters(Parameter GateUp, Parameter? GateUpBias, Parameter Down, Parameter? DownBias)
{
    public IReadOnlyList<Parameter> All => [.. new[] { GateUp, GateUpBias, Down, DownBias }.OfType<Parameter>()];
}

/// <summary>The plain mixture of experts.</summary>
internal sealed class SparseMlpBlock(ModuleSite router, ModuleSite experts, ModuleSite? shared, ModuleSite? sharedGate) : ISparseMlp
{
    public IRouter Router => (IRouter)router.Current;

    public IExperts Experts => (IExperts)experts.Current;

    public IGatedMlp? Shared => (IGatedMlp?)shared?.Current;

    public (Value Output, Routing Routing) ForwardRouted(Tape tape, Value x_TH)
    {
        var routing = Router.Forward(tape, x_TH);
        if (Shared is not { } everyTokens)
        {
            return (Experts.Forward(tape, x_TH, routing), routing);
        }

        var routed_TH = Experts.Forward(tape, x_TH, routing);
        var gate_T1 = ((ILinear?)sharedGate?.Current)?.Forward(tape, x_TH);
        var shared_TH = everyTokens.Forward(tape, x_TH);
        if (gate_T1 is not null)
        {
            shared_TH = tape.Apply(SigmoidGate.Instance, shared_TH.Donate(), gate_T1.Donate());
        }

        return (tape.Apply(Add.Instance, routed_TH.Donate(), shared_TH.Donate()), routing);
    }
}

using Neoteny.Autograd;
using Neoteny.Modules;
using Neoteny.Runtime.Operators;

namespace Neoteny.Models.Decoder;

// T tokens, H hidden, I intermediate

/// <summary>The plain gated MLP.</summary>
internal sealed class GatedMlpBlock(ModuleSite gate, ModuleSite up, ModuleSite down, string activation) : IGatedMlp
{
    private readonly GatedActivation gated = new(activation);

    public ILinear Gate => (ILinear)gate.Current;

    public ILinear Up => (ILinear)up.Current;

    public ILinear Down => (ILinear)down.Current;

    public string Activation => activation;

    public Value Forward(Tape tape, Value x_TH)
    {
        var g_TI = Gate.Forward(tape, x_TH);
        var u_TI = Up.Forward(tape, x_TH.Donate());
        var h_TI = tape.Apply(gated, g_TI.Donate(), u_TI.Donate());
        return Down.Forward(tape, h_TI.Donate());
    }
}

/// <summary>The gated MLP of checkpoints that hold gate and up as one projection.</summary>
internal sealed class FusedGatedMlpBlock(ModuleSite gateUp, ModuleSite down, GatedMlp mlp) : IFusedGatedMlp
{
    private readonly GatedActivation gated = new(mlp.Activation);
    private readonly Split halves = new(mlp.IntermediateSize, mlp.IntermediateSize);

    public ILinear GateUp => (ILinear)gateUp.Current;

    public ILinear Down => (ILinear)down.Current;

    public string Activation => mlp.Activation;

    public Value Forward(Tape tape, Value x_TH)
    {
        var parts = tape.ApplyMany(halves, GateUp.Forward(tape, x_TH.Donate()).Donate());
        var h_TI = tape.Apply(gated, parts[0].Donate(), parts[1].Donate());
        return Down.Forward(tape, h_TI.Donate());
    }
}

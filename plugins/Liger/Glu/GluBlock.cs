using Neoteny.Autograd;
using Neoteny.Modules;

namespace Neoteny.Plugins.Liger;

/// <summary>A gated MLP around the projections of the moment.</summary>
internal sealed class GluBlock(IGatedMlp plain) : IGatedMlp
{
    private readonly Glu glu = new(plain.Activation);

    public ILinear Gate => plain.Gate;

    public ILinear Up => plain.Up;

    public ILinear Down => plain.Down;

    public string Activation => plain.Activation;

    public bool IsCapturable => true;

    public Value Forward(Tape tape, Value x_TH)
    {
        var gate_TI = Gate.Forward(tape, x_TH);
        var up_TI = Up.Forward(tape, x_TH.Donate());
        return Down.Forward(tape, tape.Apply(glu, gate_TI.Donate(), up_TI.Donate()).Donate());
    }
}

/// <summary>A gated MLP around the projections of the moment, gate and up in one.</summary>
internal sealed class FusedGluBlock(IFusedGatedMlp plain) : IFusedGatedMlp
{
    private readonly Glu glu = new(plain.Activation);

    public ILinear GateUp => plain.GateUp;

    public ILinear Down => plain.Down;

    public string Activation => plain.Activation;

    public bool IsCapturable => true;

    public Value Forward(Tape tape, Value x_TH)
        => Down.Forward(tape, tape.Apply(glu, GateUp.Forward(tape, x_TH.Donate()).Donate()).Donate());
}

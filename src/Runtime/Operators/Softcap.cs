using Neoteny.Autograd;
using static TorchSharp.torch;

namespace Neoteny.Runtime.Operators;

/// <summary>Bounds values smoothly: <c>y = cap * tanh(x / cap)</c> (Bello et al. 2016). Saves its output.</summary>
public sealed class Softcap(double cap) : Operator
{
    /// <inheritdoc/>
    public override string Name => "softcap";

    /// <inheritdoc/>
    public override void Forward(ForwardContext context)
    {
        context.Emit(context.Input(0).div(Scalars.Of(cap)).tanh_().mul_(Scalars.Of(cap)));
        context.SaveOutput(0);
    }

    /// <inheritdoc/>
    public override void Backward(BackwardContext context)
    {
        var t = context.Output(0).div(Scalars.Of(cap));
        context.Give(0, t.mul_(t).neg_().add_(Scalars.One, Scalars.One).mul_(context.Gradient));
    }
}

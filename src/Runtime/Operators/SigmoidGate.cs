using Neoteny.Autograd;
using static TorchSharp.torch;

namespace Neoteny.Runtime.Operators;

/// <summary>Scales rows by the sigmoid of a logit: <c>y[t] = x[t] * sigmoid(g[t])</c>. Inputs: x <c>[T, H]</c>, g <c>[T, 1]</c>. Saves both.</summary>
public sealed class SigmoidGate : Operator
{
    /// <summary>The only instance.</summary>
    public static SigmoidGate Instance { get; } = new();

    /// <inheritdoc/>
    public override string Name => "sigmoid_gate";

    /// <inheritdoc/>
    public override void Forward(ForwardContext context)
    {
        context.Emit(context.Input(0).mul(context.Input(1).sigmoid()));
        context.SaveInput(0);
        context.SaveInput(1);
    }

    /// <inheritdoc/>
    public override void Backward(BackwardContext context)
    {
        var (dy_TH, x_TH, s_T1) = (context.Gradient, context.Input(0), context.Input(1).sigmoid());
        context.Give(0, dy_TH.mul(s_T1));
        var slope_T1 = s_T1.neg().add_(Scalars.One, Scalars.One).mul_(s_T1);
        context.Give(1, slope_T1.mul_(dy_TH.mul(x_TH).sum(-1, keepdim: true)));
    }
}

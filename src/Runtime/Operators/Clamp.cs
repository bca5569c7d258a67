using Neoteny.Autograd;
using static TorchSharp.torch;

namespace Neoteny.Runtime.Operators;

/// <summary>Bounds values: <c>y = min(max(x, -limit), limit)</c>. What lies outside gets no gradient. Saves its input.</summary>
/// <param name="limit">The bound on absolute values; above 0.</param>
public sealed class Clamp(double limit) : Operator
{
    /// <inheritdoc/>
    public override string Name => "clamp";

    /// <inheritdoc/>
    public override void Forward(ForwardContext context)
    {
        context.Emit(context.Input(0).clamp(Scalars.Of(-limit), Scalars.Of(limit)));
        context.SaveInput(0);
    }

    /// <inheritdoc/>
    public override void Backward(BackwardContext context)
    {
        var isInside = context.Input(0).abs().le_(Scalars.Of(limit));
        context.Give(0, isInside.mul_(context.Gradient));
    }
}

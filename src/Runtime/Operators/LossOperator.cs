using Neoteny.Autograd;
using Neoteny.Losses;
using Neoteny.Modules;
using Neoteny.Parameters;
using static TorchSharp.torch;

namespace Neoteny.Runtime.Operators;

/// <summary>Records one call of a loss. Input: hidden states <c>[T, H]</c>; output: the scaled loss, fp32 scalar.</summary>
/// <remarks>The loss computes its gradients in forward, so its value must be a root with gradient one (<see cref="Tape.AddLoss"/> without a gradient).</remarks>
public sealed class LossOperator : Operator
{
    private readonly ILoss loss;
    private readonly Func<Tensor, bool, LossInput> call;

    /// <summary>Creates the operator of one call.</summary>
    /// <param name="loss">The implementation.</param>
    /// <param name="head">The head, whose parameters the loss uses.</param>
    /// <param name="call">Makes the call from the hidden states and the wish for gradients.</param>
    public LossOperator(ILoss loss, IHead head, Func<Tensor, bool, LossInput> call)
    {
        (this.loss, this.call) = (loss, call);
        Parameters = [head.Weight, .. head.Bias is null ? [] : new[] { head.Bias }, .. head.Deltas.SelectMany(d => d.Parameters)];
    }

    /// <inheritdoc/>
    public override string Name => "loss";

    /// <inheritdoc/>
    public override IReadOnlyList<Parameter> Parameters { get; }

    /// <inheritdoc/>
    public override void Forward(ForwardContext context)
    {
        var result = loss.Compute(call(context.Input(0), context.IsRecording));
        context.Emit(result.Loss);
        if (result.HiddenGradient is { } gradient)
        {
            context.Save(gradient);
        }
    }

    /// <inheritdoc/>
    public override void Backward(BackwardContext context)
    {
        if (context.ExtraCount > 0)
        {
            context.Give(0, context.Extra(0).alias());
        }
    }
}

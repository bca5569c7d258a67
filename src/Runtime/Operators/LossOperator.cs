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
    private readonly LossInput template;

    /// <summary>Creates the operator of one call.</summary>
    /// <param name="loss">The implementation.</param>
    /// <param name="template">The call; its hidden states and its wish for gradients are filled in by the tape.</param>
    public LossOperator(ILoss loss, LossInput template)
    {
        (this.loss, this.template) = (loss, template);
        var head = template.Head;
        Parameters = [head.Weight, .. head.Bias is null ? [] : new[] { head.Bias }, .. head.Deltas.SelectMany(d => d.Parameters)];
    }

    /// <inheritdoc/>
    public override string Name => "loss";

    /// <inheritdoc/>
    public override IReadOnlyList<Parameter> Parameters { get; }

    /// <inheritdoc/>
    public override void Forward(ForwardContext context)
    {
        var result = loss.Compute(new LossInput
        {
            Hidden = context.Input(0),
            Head = template.Head,
            Labels = template.Labels,
            Demands = template.Demands,
            Scale = template.Scale,
            NeedsGradient = context.IsRecording,
            LabelSmoothing = template.LabelSmoothing,
            ZLoss = template.ZLoss,
            TokenWeights = template.TokenWeights,
        });
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

using Neoteny.Autograd;
using static TorchSharp.torch;

namespace Neoteny.Runtime.Operators;

/// <summary>The gate of a gated MLP: <c>y = act(gate) * up</c> (Shazeer 2020). Saves its two inputs.</summary>
public sealed class GatedActivation : Operator
{
    private readonly string activation;

    /// <summary>Creates the operator.</summary>
    /// <param name="activation">The name in checkpoints: <c>silu</c>, <c>swish</c>, <c>gelu</c>, <c>gelu_pytorch_tanh</c>, <c>gelu_new</c> or <c>relu</c>.</param>
    /// <exception cref="InputException">The name is not known.</exception>
    public GatedActivation(string activation)
        => this.activation = ActivationFunction.Check(activation);

    /// <inheritdoc/>
    public override string Name => "gated_activation";

    /// <inheritdoc/>
    public override void Forward(ForwardContext context)
    {
        var (gate, up) = (context.Input(0), context.Input(1));
        if (!gate.shape.SequenceEqual(up.shape))
        {
            throw new ArgumentException($"gated_activation: gate [{string.Join(", ", gate.shape)}] and up [{string.Join(", ", up.shape)}] differ in shape.");
        }

        context.Emit(GateFunction.Forward(activation, gate, up));
        context.SaveInput(0);
        context.SaveInput(1);
        if (GateFunction.HasKernel(gate, up))
        {
            // The widest activation of a layer: made again for the gradient of the projection that reads it.
            context.RecomputeOutput(0);
        }
    }

    /// <inheritdoc/>
    public override Tensor Recompute(BackwardContext context, int output) => GateFunction.Forward(activation, context.Input(0), context.Input(1));

    /// <inheritdoc/>
    public override void Backward(BackwardContext context)
    {
        var (gate, up) = (context.Input(0), context.Input(1));
        var (dGate, dUp) = (empty(gate.shape, dtype: gate.dtype, device: gate.device), empty(up.shape, dtype: up.dtype, device: up.device));
        GateFunction.Backward(activation, context.Gradient, gate, up, dGate, dUp);
        context.Give(0, dGate);
        context.Give(1, dUp);
    }
}

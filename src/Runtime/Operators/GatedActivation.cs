using Neoteny.Autograd;
using Neoteny.Runtime.Operators.Kernels;
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

    private bool IsSilu => activation is "silu" or "swish";

    /// <inheritdoc/>
    public override void Forward(ForwardContext context)
    {
        var (gate, up) = (context.Input(0), context.Input(1));
        if (!gate.shape.SequenceEqual(up.shape))
        {
            throw new ArgumentException($"gated_activation: gate [{string.Join(", ", gate.shape)}] and up [{string.Join(", ", up.shape)}] differ in shape.");
        }

        context.Emit(Run(gate, up));
        context.SaveInput(0);
        context.SaveInput(1);
        if (IsSilu && SwiGluKernels.Handles(gate, up))
        {
            // The widest activation of a layer: made again for the gradient of the projection that reads it.
            context.RecomputeOutput(0);
        }
    }

    /// <inheritdoc/>
    public override Tensor Recompute(BackwardContext context, int output) => Run(context.Input(0), context.Input(1));

    /// <inheritdoc/>
    public override void Backward(BackwardContext context)
    {
        var (dy, gate, up) = (context.Gradient, context.Input(0), context.Input(1));
        if (IsSilu && SwiGluKernels.Handles(gate, up) && SwiGluKernels.Handles(dy, up))
        {
            var gradients = SwiGluKernels.Backward(dy, gate, up);
            context.Give(0, gradients.Gate);
            context.Give(1, gradients.Up);
            return;
        }

        if (IsSilu && Cpu.SwiGluLoops.Handles(gate, up, dy))
        {
            var (dGate, dUp) = Cpu.SwiGluLoops.Backward(dy, gate, up);
            context.Give(0, dGate);
            context.Give(1, dUp);
            return;
        }

        var wide = gate.to(ScalarType.Float32);
        context.Give(1, ActivationFunction.Of(activation, wide).mul_(dy).to(up.dtype));
        context.Give(0, ActivationFunction.Derivative(activation, wide).mul_(up).mul_(dy).to(gate.dtype));
    }

    private Tensor Run(Tensor gate, Tensor up)
    {
        if (IsSilu && SwiGluKernels.Handles(gate, up))
        {
            return SwiGluKernels.Forward(gate, up);
        }

        return IsSilu && Cpu.SwiGluLoops.Handles(gate, up)
            ? Cpu.SwiGluLoops.Forward(gate, up)
            : ActivationFunction.Of(activation, gate.to(ScalarType.Float32)).mul_(up).to(gate.dtype);
    }
}

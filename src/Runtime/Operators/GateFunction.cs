using Neoteny.Runtime.Cpu;
using Neoteny.Runtime.Operators.Kernels;
using static TorchSharp.torch;

namespace Neoteny.Runtime.Operators;

/// <summary><c>y = act(gate) * up</c> (Shazeer 2020): the kernel that fits the tensors, or else a composition of libtorch's calls.</summary>
/// <remarks>Computed in fp32. Stateless; for operators, inside a dispose scope and <c>no_grad</c>.</remarks>
public static class GateFunction
{
    /// <summary>The name, if such an activation exists.</summary>
    /// <param name="activation">The name in checkpoints: <c>silu</c>, <c>swish</c>, <c>gelu</c>, <c>gelu_pytorch_tanh</c>, <c>gelu_new</c> or <c>relu</c>.</param>
    /// <exception cref="InputException">There is none.</exception>
    public static string Check(string activation) => ActivationFunction.Check(activation);

    /// <summary>Whether the kernels for CUDA take these matrices.</summary>
    public static bool HasKernel(Tensor gate, Tensor up) => GatedKernels.Handles(gate, up);

    /// <summary>The gated values, a new tensor without gaps.</summary>
    /// <param name="activation">One that <see cref="Check"/> knows.</param>
    /// <param name="gate">Of any shape.</param>
    /// <param name="up">Of the same shape.</param>
    public static Tensor Forward(string activation, Tensor gate, Tensor up)
    {
        if (GatedKernels.Handles(gate, up))
        {
            return GatedKernels.Forward(activation, gate, up);
        }

        if (!GatedLoops.Handles(gate, up))
        {
            return ActivationFunction.Of(activation, gate.to(ScalarType.Float32)).mul_(up).to(gate.dtype);
        }

        var y = empty(gate.shape, dtype: gate.dtype);
        GatedLoops.Forward(activation, gate, up, y);
        return y;
    }

    /// <summary>The gradients of both inputs, written where the caller says.</summary>
    /// <param name="activation">One that <see cref="Check"/> knows.</param>
    /// <param name="dy">Gradient of the output.</param>
    /// <param name="gate">The input.</param>
    /// <param name="up">The input.</param>
    /// <param name="dGate">Receives the gradient of the gate, in its shape and dtype; may be <paramref name="gate"/> itself.</param>
    /// <param name="dUp">Receives that of up; may be <paramref name="up"/> itself.</param>
    public static void Backward(string activation, Tensor dy, Tensor gate, Tensor up, Tensor dGate, Tensor dUp)
    {
        if (GatedKernels.Handles(dy, gate, up, dGate, dUp))
        {
            GatedKernels.Backward(activation, dy, gate, up, dGate, dUp);
        }
        else if (GatedLoops.Handles(dy, gate, up, dGate, dUp))
        {
            GatedLoops.Backward(activation, dy, gate, up, dGate, dUp);
        }
        else
        {
            var wide = gate.to(ScalarType.Float32);
            var slope = ActivationFunction.Derivative(activation, wide).mul_(up).mul_(dy);
            dUp.copy_(ActivationFunction.Of(activation, wide).mul_(dy));
            dGate.copy_(slope);
        }
    }
}

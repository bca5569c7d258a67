using Neoteny.Core.Tests.Operators;
using Neoteny.Runtime.Operators.Kernels;
using Neoteny.Tests;
using TorchSharp;
using static TorchSharp.torch;

namespace Neoteny.Core.Tests.Cuda.Emulated;

public sealed class EmulatedGateTests
{
    [EmulatedTheory]
    [InlineData(ScalarType.BFloat16, 24, "silu")]
    [InlineData(ScalarType.BFloat16, 2056, "silu")]
    [InlineData(ScalarType.BFloat16, 6152, "gelu_pytorch_tanh")]
    [InlineData(ScalarType.Float16, 40, "gelu")]
    [InlineData(ScalarType.Float32, 1028, "gelu")]
    [InlineData(ScalarType.Float32, 260, "relu")]
    public void Halves_of_one_projection_give_what_the_formula_gives(ScalarType dtype, int columns, string activation)
    {
        using var scope = NewDisposeScope();
        manual_seed(columns);
        const int rows = 3;
        var joint = randn(rows, 2 * columns).to(dtype);
        var (gate, up, dy) = (joint.narrow(1, 0, columns), joint.narrow(1, columns, columns), randn(rows, columns).to(dtype));
        using var launches = EmulatedLaunches.Begin();
        var y = GatedKernels.Forward(activation, gate, up);
        var (g, u) = (gate.to(ScalarType.Float64).requires_grad_(), up.to(ScalarType.Float64).requires_grad_());
        var expected = Plain.Activation(activation, g).mul(u);
        expected.backward([dy.to(ScalarType.Float64)]);
        Nearly.Equal(expected, y);

        // The gradients take the place of the halves.
        GatedKernels.Backward(activation, dy, gate, up, gate, up);
        Nearly.Equal(g.grad!, gate);
        Nearly.Equal(u.grad!, up);
        Assert.Equal(["gated_forward", "gated_backward"], launches.Names);
    }
}

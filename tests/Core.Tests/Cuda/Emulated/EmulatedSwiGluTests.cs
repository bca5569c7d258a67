using Neoteny.Runtime.Operators.Kernels;
using Neoteny.Tests;
using TorchSharp;
using static TorchSharp.torch;

namespace Neoteny.Core.Tests.Cuda.Emulated;

public sealed class EmulatedSwiGluTests
{
    [EmulatedTheory]
    [InlineData(ScalarType.BFloat16, 24)]
    [InlineData(ScalarType.BFloat16, 2056)]
    [InlineData(ScalarType.Float16, 40)]
    [InlineData(ScalarType.Float32, 1028)]
    public void Halves_of_one_projection_give_what_the_formula_gives(ScalarType dtype, int columns)
    {
        using var scope = NewDisposeScope();
        manual_seed(columns);
        const int rows = 3;
        var joint = randn(rows, 2 * columns).to(dtype);
        var (gate, up, dy) = (joint.narrow(1, 0, columns), joint.narrow(1, columns, columns), randn(rows, columns).to(dtype));
        using var launches = EmulatedLaunches.Begin();
        var y = SwiGluKernels.Forward(gate, up);
        var (dGate, dUp) = SwiGluKernels.Backward(dy, gate, up);

        var (g, u) = (gate.to(ScalarType.Float64).requires_grad_(), up.to(ScalarType.Float64).requires_grad_());
        var expected = nn.functional.silu(g).mul(u);
        expected.backward([dy.to(ScalarType.Float64)]);
        Nearly.Equal(expected, y);
        Nearly.Equal(g.grad!, dGate);
        Nearly.Equal(u.grad!, dUp);
        Assert.Equal(["swiglu_forward", "swiglu_backward"], launches.Names);
    }
}

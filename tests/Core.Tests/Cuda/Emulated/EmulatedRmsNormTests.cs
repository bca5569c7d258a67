using Neoteny.Runtime;
using Neoteny.Runtime.Operators.Kernels;
using Neoteny.Tests;
using TorchSharp;
using static TorchSharp.torch;

namespace Neoteny.Core.Tests.Cuda.Emulated;

public sealed class EmulatedRmsNormTests
{
    private const double Epsilon = 1e-5;

    // One warp; several; more threads than packs; two packs a thread; eight packs a thread in 16 bits.
    public static TheoryData<ScalarType, int, int> Shapes { get; } = new()
    {
        { ScalarType.BFloat16, 5, 64 }, { ScalarType.BFloat16, 3, 2048 }, { ScalarType.BFloat16, 2, 16392 },
        { ScalarType.Float16, 4, 520 }, { ScalarType.Float32, 5, 36 }, { ScalarType.Float32, 2, 4100 },
    };

    [EmulatedTheory]
    [MemberData(nameof(Shapes))]
    public void Output_statistic_and_gradients_are_those_of_the_formula(ScalarType dtype, int rows, int columns)
    {
        using var scope = NewDisposeScope();
        manual_seed(rows + columns);
        var (x, w, dy, added) = (randn(rows, columns).to(dtype), randn(columns).to(dtype), randn(rows, columns).to(dtype), randn(rows, columns).to(dtype));
        using var launches = EmulatedLaunches.Begin();
        foreach (var offset in new[] { 0.0, 1.0 })
        {
            var (y, inverse) = RmsNormKernels.Forward(x, w, Epsilon, offset);
            var (wideX, wideW) = (x.to(ScalarType.Float64).requires_grad_(), w.to(ScalarType.Float64).requires_grad_());
            var expectedInverse = wideX.pow(Scalars.Of(2.0)).mean([-1L], keepdim: true).add(Scalars.Of(Epsilon), Scalars.One).rsqrt();
            var expected = wideX.mul(expectedInverse).mul(wideW.add(Scalars.Of(offset), Scalars.One));
            Nearly.Equal(expected, y);
            Nearly.Equal(expectedInverse.squeeze(1), inverse, 1e-5);
            Assert.True(RmsNormKernels.Again(x, w, inverse, offset).equal(y).all().item<bool>());

            expected.backward([dy.to(ScalarType.Float64)]);
            var (dx, dw) = RmsNormKernels.Backward(dy, x, inverse, w, offset, added, differentiatesWeight: true, mostBlocks: 2);
            Nearly.Equal(wideX.grad!.add(added.to(ScalarType.Float64), Scalars.One), dx);
            Nearly.Equal(wideW.grad!, dw!);
            var (alone, none) = RmsNormKernels.Backward(dy, x, inverse, w, offset, null, differentiatesWeight: false, mostBlocks: rows);
            Nearly.Equal(wideX.grad!, alone);
            Assert.Null(none);
        }

        Assert.Equal(2 * 5, launches.Names.Count);
    }
}

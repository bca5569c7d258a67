using Neoteny.Runtime;
using Neoteny.Runtime.Operators;
using Neoteny.Runtime.Operators.Kernels;
using Neoteny.Tests;
using TorchSharp;
using static TorchSharp.torch;

namespace Neoteny.Core.Tests.Cuda.Emulated;

public sealed class EmulatedNormTests
{
    private const double Epsilon = 1e-5;

    // One warp with several rows a block; the same with more than one block; two packs a thread; several warps; eight packs a thread; one stage of shared memory.
    public static TheoryData<ScalarType, int, int, int> Shapes { get; } = new()
    {
        { ScalarType.BFloat16, 21, 64, 200_000 }, { ScalarType.Float32, 1, 36, 200_000 }, { ScalarType.Float16, 4, 520, 200_000 }, { ScalarType.BFloat16, 7, 2048, 200_000 },
        { ScalarType.Float32, 9, 260, 200_000 }, { ScalarType.BFloat16, 3, 16392, 200_000 }, { ScalarType.BFloat16, 5, 1032, 7000 },
    };

    [EmulatedTheory]
    [MemberData(nameof(Shapes))]
    public void Outputs_statistics_and_gradients_are_those_of_the_formula(ScalarType dtype, int rows, int columns, int sharedMemory)
    {
        using var scope = NewDisposeScope();
        manual_seed(rows + columns);
        Tensor Random(params long[] shape) => randn(shape).to(dtype);
        using var launches = EmulatedLaunches.Begin();
        foreach (var settings in new NormSettings[] { new(Epsilon, 0, Centered: false), new(Epsilon, 1, Centered: false), new(Epsilon, 0, Centered: true) })
        {
            var (x, residual, dy, added) = (Random(rows, columns), Random(rows, columns), Random(rows, columns), Random(rows, columns));
            var weights = new NormWeights(Random(columns), settings.Centered ? Random(columns) : null);
            Check(x, null, dy, null, weights, settings, sharedMemory);
            Check(x, residual, dy, added, weights, settings, sharedMemory);
        }

        Assert.Equal(3 * 2 * 4, launches.Names.Count);
    }

    private static void Check(Tensor x, Tensor? residual, Tensor dy, Tensor? added, NormWeights weights, NormSettings settings, int sharedMemory)
    {
        var result = NormKernels.Forward(x, residual, weights, settings);
        var stream = result.Sum ?? x;
        if (residual is not null)
        {
            Nearly.Equal(x.to(ScalarType.Float64).add(residual.to(ScalarType.Float64), Scalars.One), stream);
        }

        Tensor Leaf(Tensor t) => t.to(ScalarType.Float64).requires_grad_();
        var (wide, scale, bias) = (Leaf(stream), Leaf(weights.Scale), weights.Bias is null ? null : Leaf(weights.Bias));
        var centered = settings.Centered ? wide.sub(wide.mean([-1L], keepdim: true)) : wide;
        var inverse = centered.mul(centered).mean([-1L], keepdim: true).add(Scalars.Of(Epsilon), Scalars.One).rsqrt();
        var expected = centered.mul(inverse).mul(scale.add(Scalars.Of(settings.Offset), Scalars.One));
        expected = bias is null ? expected : expected.add(bias, Scalars.One);
        Nearly.Equal(expected, result.Output);
        Nearly.Equal(inverse.squeeze(1), result.Inverse, 1e-5);
        Assert.True(NormKernels.Again(stream, result.Inverse, result.Mean, weights, settings).equal(result.Output).all().item<bool>());

        expected.backward([dy.to(ScalarType.Float64)]);
        var sum = added is null ? wide.grad! : wide.grad!.add(added.to(ScalarType.Float64), Scalars.One);
        var gradients = NormKernels.Backward(
            new NormBackward(dy, stream, result.Inverse, result.Mean) { Added = added, Into = added, NeedsWeight = true, NeedsBias = bias is not null }, weights, settings, 1, sharedMemory);
        Nearly.Equal(sum, gradients.Input);
        Nearly.Equal(scale.grad!, gradients.Weight!);
        if (bias is not null)
        {
            Nearly.Equal(bias.grad!, gradients.Bias!);
        }
    }
}

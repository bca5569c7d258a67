using Neoteny.Plugins.CrossEntropy;
using Neoteny.Runtime;
using Neoteny.Tests;
using TorchSharp;
using static TorchSharp.torch;

namespace Neoteny.Plugins.Tests.Cuda.Emulated;

public sealed class EmulatedCrossEntropyTests
{
    private const double Scale = 0.25;

    [EmulatedTheory]
    [InlineData(ScalarType.Float32, 4)]
    [InlineData(ScalarType.Float32, 4100)]
    [InlineData(ScalarType.BFloat16, 1000)]
    [InlineData(ScalarType.BFloat16, 8200)]
    [InlineData(ScalarType.Float16, 1000)]
    public void Losses_and_gradient_are_those_of_the_formula(ScalarType dtype, int vocabulary)
    {
        using var scope = NewDisposeScope();
        manual_seed(vocabulary);
        var logits = randn(5, vocabulary).mul(Scalars.Of(4.0)).to(dtype);
        // One of a thread's last columns, which is not the row's last pack.
        Compare(logits, [0, vocabulary - 1, -100, vocabulary / 2, 3], rand(5));
        Compare(logits, [1, 2, 3, -100, 0], null);
    }

    [EmulatedTheory]
    [InlineData(ScalarType.Float32, 3e38)]
    [InlineData(ScalarType.BFloat16, 3e38)]
    [InlineData(ScalarType.Float16, 65504)]
    public void Extreme_logits_stay_finite(ScalarType dtype, double largest)
    {
        using var scope = NewDisposeScope();
        var wide = ExtremeLogits.Rows(64, largest, step: 1000);
        Compare(wide.to(dtype), [5, 6, 7, 63, 63], null);
    }

    [EmulatedFact]
    public void Without_a_gradient_the_logits_stay()
    {
        using var scope = NewDisposeScope();
        var logits = randn(3, 128).to(ScalarType.BFloat16);
        var before = logits.clone();
        using var launches = EmulatedLaunches.Begin();
        var (losses, scaled) = CrossEntropyKernel.Run(logits, tensor((long[])[4, -100, 127]), null, Scale, differentiate: false);
        Assert.True(Close.Same(before, logits));
        Nearly.Equal(losses.to(ScalarType.Float64).mul(Scalars.Of(Scale)), scaled, 1e-6);
    }

    private static void Compare(Tensor logits, long[] labels, Tensor? weights)
    {
        var (rows, columns) = (logits.size(0), logits.size(1));
        var labels_C = tensor(labels);
        var wide = logits.to(ScalarType.Float64).requires_grad_();
        var expected = nn.functional.cross_entropy(wide, labels_C, reduction: nn.Reduction.None);
        var factor = (weights ?? ones(rows)).to(ScalarType.Float64).mul(Scalars.Of(Scale));
        expected.mul(factor).sum().backward();

        using var launches = EmulatedLaunches.Begin();
        var gradient = logits.clone();
        var (losses, scaled) = CrossEntropyKernel.Run(gradient, labels_C, weights, Scale, differentiate: true);
        Nearly.Equal(expected, losses, 1e-5);
        Nearly.Equal(expected.mul(factor), scaled, 1e-5);
        Nearly.Equal(wide.grad!, gradient, logits.dtype == ScalarType.Float32 ? 2e-5 : 0);
        Assert.Equal(rows * columns, gradient.numel());
        Assert.Equal(["cross_entropy"], launches.Names);
    }
}

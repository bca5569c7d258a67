using Neoteny.Runtime.Operators;
using Neoteny.Runtime.Operators.Kernels;
using Neoteny.Tests;
using TorchSharp;
using static TorchSharp.torch;

namespace Neoteny.Core.Tests.Cuda.Emulated;

public sealed class EmulatedDivergenceTests
{
    [EmulatedTheory]
    [InlineData(ScalarType.BFloat16, 3, 2056, 0)]
    [InlineData(ScalarType.Float32, 2, 1009, 1)]
    [InlineData(ScalarType.Float16, 5, 97, 0.3)]
    [InlineData(ScalarType.Float32, 1, 2, 0.5)]
    public void Divergences_and_gradients_are_those_of_the_composition(ScalarType dtype, int tokens, int vocabulary, double beta)
    {
        using var scope = NewDisposeScope();
        manual_seed(vocabulary);
        var terms = new DivergenceTerms(beta, 1.5);
        var (student, teacher, factors) = (randn(tokens, vocabulary).to(dtype), randn(tokens, vocabulary).to(dtype), rand(tokens));
        var (expected, expectedStatistics, expectedGradient) = (empty(tokens), empty(tokens, 3), empty(tokens, vocabulary));
        DivergenceReference.Forward(student, teacher, expected, expectedStatistics, terms);
        DivergenceReference.Backward(student, teacher, expectedStatistics, factors, expectedGradient, terms);
        var (actual, statistics) = (empty(tokens), empty(tokens, 3));
        using var launches = EmulatedLaunches.Begin();
        DivergenceKernels.Forward(student, teacher, actual, statistics, terms);
        DivergenceKernels.Backward(student, teacher, statistics, factors, student, terms);
        Nearly.Equal(expected, actual, 1e-4);
        Nearly.Equal(expectedStatistics, statistics, 1e-4);
        Nearly.Equal(expectedGradient, student);
        Assert.Equal(["divergence_forward", "divergence_backward"], launches.Names);
    }
}

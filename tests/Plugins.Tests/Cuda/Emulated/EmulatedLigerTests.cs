using Neoteny.Plugins.Liger;
using Neoteny.Runtime;
using Neoteny.Runtime.Operators;
using Neoteny.Tests;
using TorchSharp;
using static TorchSharp.torch;

namespace Neoteny.Plugins.Tests.Cuda.Emulated;

public sealed class EmulatedLigerTests
{
    public static TheoryData<CrossEntropyTerms> Terms { get; } =
    [
        CrossEntropyTerms.None,
        new() { Smoothing = 0.1, ZLoss = 0.01 },
        new() { Softcap = 3, ScalesByProbability = true },
        new() { Smoothing = 0.2, ZLoss = 0.02, Softcap = 5, ScalesByProbability = true },
    ];

    [EmulatedTheory]
    [MemberData(nameof(Terms))]
    public void Losses_and_gradient_are_those_of_the_composition_for_every_vocabulary(CrossEntropyTerms terms)
    {
        foreach (var (dtype, vocabulary) in new[]
        {
            (ScalarType.Float32, 3), (ScalarType.Float32, 4100), (ScalarType.Float32, 1009), (ScalarType.BFloat16, 8200), (ScalarType.BFloat16, 9001), (ScalarType.Float16, 97),
        })
        {
            using var scope = NewDisposeScope();
            manual_seed(vocabulary);
            var logits = randn(5, vocabulary).mul(Scalars.Of(4.0)).to(dtype);
            Compare(logits, [0, vocabulary - 1, -100, vocabulary / 2, 1], rand(5), terms);
        }
    }

    [EmulatedTheory]
    [InlineData(ScalarType.Float32, 3e38)]
    [InlineData(ScalarType.BFloat16, 3e38)]
    [InlineData(ScalarType.Float16, 65504)]
    public void Extreme_logits_stay_finite(ScalarType dtype, double largest)
    {
        using var scope = NewDisposeScope();
        var wide = ExtremeLogits.Rows(67, largest, step: 900);
        Compare(wide.to(dtype), [5, 6, 7, 66, 66], ones(5), CrossEntropyTerms.None);
    }

    [EmulatedFact]
    public void Without_a_gradient_the_logits_stay_and_a_label_that_no_column_has_shows()
    {
        using var scope = NewDisposeScope();
        var (logits, losses) = (randn(3, 129).to(ScalarType.BFloat16), zeros(3));
        var before = logits.clone();
        using var launches = EmulatedLaunches.Begin();
        LogitsKernel.Run(logits, tensor((long[])[4, -100, 129]), ones(3), losses, CrossEntropyTerms.None, differentiates: false);
        Assert.True(Close.Same(before, logits));
        Assert.Equal([true, true, false], losses.isfinite().data<bool>());
        Assert.Equal(["logits"], launches.Names);
    }

    private static void Compare(Tensor logits, long[] labels, Tensor factors, CrossEntropyTerms terms)
    {
        var labels_C = tensor(labels);
        var kept_C = labels_C.ge(Scalars.Of(0L)).to(ScalarType.Float32);
        var (expected, gradient) = LogitsReference.Run(logits.to(ScalarType.Float32), labels_C, factors.mul(kept_C), terms);
        var losses = zeros(labels.Length);
        using var launches = EmulatedLaunches.Begin();
        LogitsKernel.Run(logits, labels_C, factors.mul(kept_C), losses, terms, differentiates: true);
        Nearly.Equal(expected, losses, 1e-5);
        Nearly.Equal(gradient, logits);
    }
}

using Neoteny.Parameters;
using Neoteny.Runtime;
using Neoteny.Tests;
using Neoteny.Training.Optimizers;
using Neoteny.Training.Optimizers.Kernels;
using TorchSharp;
using static TorchSharp.torch;

namespace Neoteny.Core.Tests.Cuda.Emulated;

/// <summary>The optimizer's CUDA kernel against the composition of libtorch's operators.</summary>
public sealed class EmulatedAdamWTests
{
    // No multiple of what a thread takes.
    private const int Count = 2051;

    [EmulatedTheory]
    [InlineData(true, ScalarType.BFloat16)]
    [InlineData(true, ScalarType.Float32)]
    [InlineData(false, ScalarType.BFloat16)]
    [InlineData(false, ScalarType.Float32)]
    public void It_follows_the_reference_and_draws_its_bits(bool keepMaster, ScalarType gradientType)
    {
        using var scope = NewDisposeScope();
        manual_seed(3);
        var start = randn(Count);
        var (own, ownWeights) = Slot(start, keepMaster, narrow: false);
        var (plain, plainWeights) = Slot(start, keepMaster, narrow: false);
        var settings = new AdamWSettings { StochasticRounding = !keepMaster, Seed = 5 };
        using var launches = EmulatedLaunches.Begin();
        for (var step = 1; step <= 3; step++)
        {
            var gradient = randn(Count).to(gradientType);
            own.Parameter.SetGradient(gradient.clone());
            plain.Parameter.SetGradient(gradient.clone());
            using var clipping = new DeviceClipping(full([], Scalars.Of(3.0)), zeros([]));
            var update = new AdamWUpdate(settings, step, 1e-2, 1) { Clipping = clipping };
            new CudaBFloat16Kernel().Update([own], ownWeights, update);
            new AtenBFloat16Kernel().Update([plain], plainWeights, update);
        }

        Nearly.Equal(plain.FirstMoment, own.FirstMoment);
        Nearly.Equal(plain.SecondMoment, own.SecondMoment);
        // The last bit of the fp32 value may decide between two bf16 ones.
        Assert.InRange(plainWeights[0].ne(ownWeights[0]).sum().item<long>(), 0, Count / 200);
        Nearly.Equal(plainWeights[0], ownWeights[0]);
        Assert.Equal(3, launches.Names.Count);
        own.Dispose();
        plain.Dispose();
    }

    [EmulatedFact]
    public void Bf16_moments_stay_at_their_mean()
    {
        using var scope = NewDisposeScope();
        const int steps = 200;
        var (slot, weights) = Slot(zeros(Count), keepMaster: false, narrow: true);
        var update = new AdamWUpdate(new AdamWSettings { Beta1 = 0.999, Beta2 = 0.999 }, 1, 0, 1);
        using var launches = EmulatedLaunches.Begin();
        for (var step = 1; step <= steps; step++)
        {
            slot.Parameter.SetGradient(ones(Count, dtype: ScalarType.BFloat16));
            new CudaBFloat16Kernel().Update([slot], weights, update with { Step = step });
        }

        // Rounding to nearest would stop where a step of a thousandth is below half a unit of the last place.
        var expected = 1 - Math.Pow(0.999, steps);
        Assert.Equal(expected, slot.FirstMoment.to(ScalarType.Float32).mean().item<float>(), 2e-3);
        Assert.Equal(expected, slot.SecondMoment.to(ScalarType.Float32).mean().item<float>(), 2e-3);
        slot.Dispose();
    }

    [EmulatedFact]
    public void A_broken_step_changes_nothing()
    {
        using var scope = NewDisposeScope();
        var (slot, weights) = Slot(randn(Count), keepMaster: false, narrow: true);
        slot.Parameter.SetGradient(full([Count], Scalars.Of(double.NaN), dtype: ScalarType.BFloat16));
        var before = weights[0].clone();
        using var clipping = new DeviceClipping(ones([]), ones([]));
        using var launches = EmulatedLaunches.Begin();
        new CudaBFloat16Kernel().Update([slot], weights, new AdamWUpdate(new AdamWSettings(), 1, 0.1, 1) { Clipping = clipping });
        Assert.True(weights[0].equal(before).all().item<bool>());
        Assert.Equal(0f, slot.FirstMoment.to(ScalarType.Float32).abs().sum().item<float>());
        slot.Dispose();
    }

    private static (AdamWSlot Slot, Tensor[] Weights) Slot(Tensor start, bool keepMaster, bool narrow)
    {
        var parameter = new Parameter("p", start.to(ScalarType.BFloat16)) { Trains = true };
        using var lease = parameter.Rent();
        return (new AdamWSlot(parameter, 0, 0.1, keepMaster, narrow), [lease.Tensor]);
    }
}

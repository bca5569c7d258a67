using Neoteny.Parameters;
using Neoteny.Tests;
using Neoteny.Training.Optimizers;
using Neoteny.Training.Optimizers.Kernels;
using static TorchSharp.torch;

namespace Neoteny.Core.Tests.Cuda;

/// <summary>The optimizer's CUDA kernel against the composition of libtorch's operators.</summary>
public sealed class AdamWKernelTests
{
    [CudaFact]
    public void With_masters_it_follows_the_reference() => Compare(keepMaster: true, narrow: false);

    [CudaFact]
    public void With_stochastic_rounding_it_draws_the_bits_of_the_reference() => Compare(keepMaster: false, narrow: false);

    [CudaFact]
    public void Bf16_moments_stay_at_their_mean()
    {
        using var scope = NewDisposeScope();
        var (slot, weights) = Slot(zeros(1 << 16), keepMaster: false, narrow: true);
        var update = new AdamWUpdate(new AdamWSettings { Beta1 = 0.999, Beta2 = 0.999 }, 1, 0, 1);
        for (var step = 1; step <= 300; step++)
        {
            slot.Parameter.SetGradient(ones(1 << 16, dtype: ScalarType.BFloat16, device: CUDA));
            new CudaBFloat16Kernel().Update([slot], weights, update with { Step = step });
        }

        // Rounding to nearest would stop where a step of a thousandth is below half a unit of the last place.
        var expected = 1 - Math.Pow(0.999, 300);
        Assert.Equal(expected, slot.FirstMoment.to(ScalarType.Float32).mean().item<float>(), 2e-3);
        Assert.Equal(expected, slot.SecondMoment.to(ScalarType.Float32).mean().item<float>(), 2e-3);
        slot.Dispose();
    }

    [CudaFact]
    public void A_broken_step_changes_nothing()
    {
        using var scope = NewDisposeScope();
        var (slot, weights) = Slot(randn(1003), keepMaster: false, narrow: true);
        slot.Parameter.SetGradient(full([1003], Runtime.Scalars.Of(double.NaN), dtype: ScalarType.BFloat16, device: CUDA));
        var before = weights[0].clone();
        using var clipping = new DeviceClipping(ones([], device: CUDA), ones([], device: CUDA));
        new CudaBFloat16Kernel().Update([slot], weights, new AdamWUpdate(new AdamWSettings(), 1, 0.1, 1) { Clipping = clipping });
        Assert.True(weights[0].equal(before).all().item<bool>());
        Assert.Equal(0f, slot.FirstMoment.to(ScalarType.Float32).abs().sum().item<float>());
        slot.Dispose();
    }

    private static void Compare(bool keepMaster, bool narrow)
    {
        foreach (var gradientType in new[] { ScalarType.BFloat16, ScalarType.Float32 })
        {
            using var scope = NewDisposeScope();
            manual_seed(3);
            var start = randn(4099);
            var (own, ownWeights) = Slot(start, keepMaster, narrow);
            var (plain, plainWeights) = Slot(start, keepMaster, narrow);
            var settings = new AdamWSettings { StochasticRounding = !keepMaster, Seed = 5 };
            for (var step = 1; step <= 5; step++)
            {
                var gradient = randn(4099, device: CUDA).to(gradientType);
                own.Parameter.SetGradient(gradient.clone());
                plain.Parameter.SetGradient(gradient.clone());
                using var clipping = new DeviceClipping(full([], Runtime.Scalars.Of(3.0), device: CUDA), zeros([], device: CUDA));
                var update = new AdamWUpdate(settings, step, 1e-2, 1) { Clipping = clipping };
                Assert.True(CudaBFloat16Kernel.Handles(own));
                new CudaBFloat16Kernel().Update([own], ownWeights, update);
                new AtenBFloat16Kernel().Update([plain], plainWeights, update);
            }

            Near(plain.FirstMoment, own.FirstMoment, 1e-5);
            Near(plain.SecondMoment, own.SecondMoment, 1e-5);
            Near(plainWeights[0], ownWeights[0], 1e-3);
            own.Dispose();
            plain.Dispose();
        }
    }

    private static (AdamWSlot Slot, Tensor[] Weights) Slot(Tensor start, bool keepMaster, bool narrow)
    {
        var parameter = new Parameter("p", start.to(CUDA).to(ScalarType.BFloat16)) { Trains = true };
        using var lease = parameter.Rent();
        return (new AdamWSlot(parameter, 0, 0.1, keepMaster, narrow), [lease.Tensor]);
    }

    private static void Near(Tensor expected, Tensor actual, double tolerance)
    {
        var (e, a) = (expected.to(ScalarType.Float32), actual.to(ScalarType.Float32));
        var error = a.sub(e).norm().item<float>() / e.norm().item<float>();
        Assert.True(error < tolerance, $"relative error {error}");
    }
}

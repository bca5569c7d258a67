using Neoteny.Training.Packing;
using static TorchSharp.torch;

namespace Neoteny.Training.Optimizers.Kernels;

/// <summary>bf16 weights by ATen operators, on any device: the reference of <see cref="SimdBFloat16Kernel"/>.</summary>
/// <remarks>With an fp32 master the weight is its rounding to nearest; without one the updated weight is rounded up or down at random, unbiased.</remarks>
internal sealed class AtenBFloat16Kernel : IAdamWKernel
{
    // Moments draw other random bits than their weight.
    private const uint FirstStream = 0x9E3779B9;
    private const uint SecondStream = 0x7F4A7C15;

    public void Update(IReadOnlyList<AdamWSlot> slots, Tensor[] weights, in AdamWUpdate update)
    {
        using var numbers = AdamWScripts.Numbers(update, slots[0].WeightDecay);
        using var scale = tensor(update.GradientScale, dtype: ScalarType.Float64);
        for (var i = 0; i < slots.Count; i++)
        {
            using var scope = NewDisposeScope();
            var slot = slots[i];
            var wide = slot.Master ?? weights[i].to(ScalarType.Float32);
            var (first, second) = (slot.FirstMoment.to(ScalarType.Float32), slot.SecondMoment.to(ScalarType.Float32));
            if (update.Clipping is { } clipping)
                AdamWScripts.Invoke("plain_on_device", wide, slot.Parameter.Gradient!, first, second, numbers, clipping.InverseFactor, clipping.IsBroken);
            else
                AdamWScripts.Invoke("plain", wide, slot.Parameter.Gradient!, first, second, numbers, scale);
            if (slot.FirstMoment.dtype != ScalarType.Float32)
            {
                slot.FirstMoment.copy_(Rounded(first, Key(update, slot) ^ FirstStream));
                slot.SecondMoment.copy_(Rounded(second, Key(update, slot) ^ SecondStream));
            }

            weights[i].copy_(slot.Master is not null ? wide : Rounded(wide, Key(update, slot)));
        }
    }

    /// <summary>Values that bf16 holds exactly, each one of the two around the fp32 value.</summary>
    private static Tensor Rounded(Tensor wide, uint key)
        => AdamWScripts.Invoke("stochastic", wide, tensor((long)key, dtype: ScalarType.Int64));

    /// <summary>The key of a parameter's random bits in one step.</summary>
    public static uint Key(in AdamWUpdate update, AdamWSlot slot) => (uint)CounterRandom.Key(update.Settings.Seed, update.Step, slot.Index);
}

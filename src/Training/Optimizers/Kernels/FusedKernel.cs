using TorchSharp;
using static TorchSharp.torch;

namespace Neoteny.Training.Optimizers.Kernels;

/// <summary>libtorch's fused operator, for fp32 weights with fp32 gradients.</summary>
internal sealed class FusedKernel : IAdamWKernel
{
    public void Update(IReadOnlyList<AdamWSlot> slots, Tensor[] weights, in AdamWUpdate update)
    {
        using var scope = NewDisposeScope();
        var device = weights[0].device;
        using var number = ((float)update.Step).ToScalar();
        var step = full([], number, dtype: ScalarType.Float32, device: device);
        object[] lists =
        [
            weights, slots.Select(s => s.Parameter.Gradient!).ToArray(), slots.Select(s => s.FirstMoment).ToArray(),
            slots.Select(s => s.SecondMoment).ToArray(), Enumerable.Repeat(step, slots.Count).ToArray(),
            AdamWScripts.Numbers(update, slots[0].WeightDecay),
        ];
        if (update.Clipping is { } clipping)
            AdamWScripts.Invoke("fused_on_device", [.. lists, clipping.InverseFactor, clipping.IsBroken]);
        else if (update.GradientScale == 1)
            AdamWScripts.Invoke("fused", lists);
        else
            AdamWScripts.Invoke("fused_scaled", [.. lists, tensor((float)(1 / update.GradientScale), device: device)]);
    }
}

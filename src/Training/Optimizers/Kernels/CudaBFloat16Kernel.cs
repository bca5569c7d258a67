using Neoteny.Runtime.Cuda;
using Neoteny.Runtime.Operators.Kernels;
using static TorchSharp.torch;

namespace Neoteny.Training.Optimizers.Kernels;

/// <summary>bf16 weights on CUDA: one launch a parameter reads and writes everything once. Its reference is <see cref="AtenBFloat16Kernel"/>.</summary>
internal sealed class CudaBFloat16Kernel : IAdamWKernel
{
    private const int Threads = 128;
    private const int Each = 8;

    private static readonly CudaSource Source = CudaSource.Beside(typeof(CudaBFloat16Kernel));
    private static readonly CudaKernel[] Kernels = [.. Enumerable.Range(0, 4).Select(Variant)];

    /// <summary>Whether the kernel takes a parameter with its gradient.</summary>
    public static bool Handles(AdamWSlot slot)
        => slot.Parameter.Gradient is { dtype: ScalarType.BFloat16 or ScalarType.Float32 } gradient && gradient.is_contiguous() && CudaPacks.Takes(gradient)
            && slot.FirstMoment.is_contiguous() && CudaPacks.Takes(slot.FirstMoment);

    public void Update(IReadOnlyList<AdamWSlot> slots, Tensor[] weights, in AdamWUpdate update)
    {
        var settings = update.Settings;
        for (var i = 0; i < slots.Count; i++)
        {
            var slot = slots[i];
            var gradient = slot.Parameter.Gradient!;
            var count = gradient.numel();
            Kernels[(gradient.dtype == ScalarType.Float32 ? 1 : 0) + (slot.FirstMoment.dtype == ScalarType.BFloat16 ? 2 : 0)].Launch(
                LaunchShape.Over((count + Each - 1) / Each, Threads),
                weights[i],
                slot.Master ?? CudaArgument.Null,
                gradient,
                slot.FirstMoment,
                slot.SecondMoment,
                count,
                (float)update.LearningRate,
                (float)slot.WeightDecay,
                (float)(1 - settings.Beta1),
                (float)(1 - settings.Beta2),
                (float)settings.Epsilon,
                (float)(1 / update.FirstCorrection),
                (float)(1 / update.SecondCorrection),
                (float)update.GradientScale,
                update.Clipping?.InverseFactor ?? CudaArgument.Null,
                update.Clipping?.IsBroken ?? CudaArgument.Null,
                AtenBFloat16Kernel.Key(update, slot));
        }
    }

    private static CudaKernel Variant(int index)
    {
        var source = Source;
        if ((index & 1) != 0)
            source = source.With("WIDE_GRADIENT", 1);
        if ((index & 2) != 0)
            source = source.With("NARROW_MOMENTS", 1);
        return source.Kernel("adamw");
    }
}

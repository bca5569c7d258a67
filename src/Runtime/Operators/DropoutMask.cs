using Neoteny.Autograd;
using Neoteny.Runtime.Cuda;
using TorchSharp;
using static TorchSharp.torch;

namespace Neoteny.Runtime.Operators;

/// <summary>Dropout masks made again from a key instead of being saved.</summary>
public static class DropoutMask
{
    private const int Threads = 256;

    private static readonly CudaSource Source = CudaSource.Beside(typeof(DropoutMask));
    private static readonly CudaKernel WideKernel = Source.Kernel("dropout_mask_fp32");
    private static readonly CudaKernel BFloat16Kernel = Source.Kernel("dropout_mask_bf16");
    private static readonly CudaKernel HalfKernel = Source.Kernel("dropout_mask_fp16");

    /// <summary>A mask of 0 and <c>1 / (1 - p)</c> in the shape, dtype and device of <paramref name="like"/>; null when p is 0.</summary>
    /// <param name="probability">Probability of a zero.</param>
    /// <param name="like">The tensor to be masked.</param>
    /// <param name="random">Where the call's numbers come from.</param>
    /// <param name="index">Tells several masks of one call apart.</param>
    public static Tensor? Of(double probability, Tensor like, RandomSource random, int index = 0)
    {
        if (probability == 0)
        {
            return null;
        }

        var change = (ulong)index * 0xD1342543DE82EF95UL;
        var mask = empty_like(like);
        if (like.device_type == DeviceType.CUDA)
        {
            // TorchSharp makes generators of the CPU only. Captured work computes the key from the seed of its step.
            var (seed, key) = random.Seed is { } place ? ((CudaArgument)place, random.Call) : (CudaArgument.Null, random.Key);
            var count = mask.numel();
            Kernel(mask.dtype).Launch(LaunchShape.Over(count, Threads), mask, seed, key, change, (float)(1 - probability), count);
            return mask;
        }

        using var generator = new Generator(change ^ (random.Seed is { } seeded ? RandomSource.KeyOf((ulong)seeded.item<long>(), random.Call) : random.Key), CPU);
        return mask.bernoulli_(1 - probability, generator).mul_(Scalars.Of(1 / (1 - probability)));
    }

    /// <summary>The same with a key as it is.</summary>
    /// <param name="probability">Probability of a zero.</param>
    /// <param name="like">The tensor to be masked.</param>
    /// <param name="key">The call's random key.</param>
    /// <param name="index">Tells several masks of one call apart.</param>
    public static Tensor? Of(double probability, Tensor like, ulong key, int index = 0) => Of(probability, like, new RandomSource(key), index);

    private static CudaKernel Kernel(ScalarType dtype) => dtype switch
    {
        ScalarType.Float32 => WideKernel,
        ScalarType.BFloat16 => BFloat16Kernel,
        ScalarType.Float16 => HalfKernel,
        _ => throw new ArgumentException($"A dropout mask of {dtype} cannot be made on CUDA; use fp32, bf16 or fp16."),
    };
}

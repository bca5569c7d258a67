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
    /// <param name="key">The call's random key.</param>
    /// <param name="index">Tells several masks of one call apart.</param>
    public static Tensor? Of(double probability, Tensor like, ulong key, int index = 0)
    {
        if (probability == 0)
        {
            return null;
        }

        var callKey = key ^ ((ulong)index * 0xD1342543DE82EF95UL);
        var mask = empty_like(like);
        if (like.device_type == DeviceType.CUDA)
        {
            // TorchSharp makes generators of the CPU only.
            var count = mask.numel();
            Kernel(mask.dtype).Launch(LaunchShape.Over(count, Threads), mask, callKey, (float)(1 - probability), count);
            return mask;
        }

        using var generator = new Generator(callKey, CPU);
        return mask.bernoulli_(1 - probability, generator).mul_(Scalars.Of(1 / (1 - probability)));
    }

    private static CudaKernel Kernel(ScalarType dtype) => dtype switch
    {
        ScalarType.Float32 => WideKernel,
        ScalarType.BFloat16 => BFloat16Kernel,
        ScalarType.Float16 => HalfKernel,
        _ => throw new ArgumentException($"A dropout mask of {dtype} cannot be made on CUDA; use fp32, bf16 or fp16."),
    };
}

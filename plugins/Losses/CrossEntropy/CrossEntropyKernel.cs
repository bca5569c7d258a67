using Neoteny.Runtime.Cuda;
using Neoteny.Runtime.Operators.Kernels;
using static TorchSharp.torch;

namespace Neoteny.Plugins.CrossEntropy;

// C tokens, V vocabulary

/// <summary>Loss and gradient of a block of logits on CUDA in one kernel, in the dtype of the logits; sums are fp32.</summary>
internal static class CrossEntropyKernel
{
    private const int Threads = 1024;

    private static readonly CudaSource Source = CudaSource.Beside(typeof(CrossEntropyKernel));
    private static readonly Dictionary<ScalarType, CudaKernel> Kernels = new[] { ScalarType.BFloat16, ScalarType.Float16, ScalarType.Float32 }
        .ToDictionary(static t => t, static t => CudaPacks.Variant(Source, t).Kernel("cross_entropy"));

    /// <summary>Whether the kernel takes these logits: contiguous rows of whole packs.</summary>
    public static bool Handles(Tensor z_CV) => z_CV.is_contiguous() && CudaPacks.TakesRows(z_CV);

    /// <summary>Runs the kernel; the logits become their gradient where it is wanted.</summary>
    /// <param name="z_CV">Logits.</param>
    /// <param name="labels_C">Labels, int64; below zero is ignored.</param>
    /// <param name="weights_C">Weights, fp32; null for ones.</param>
    /// <param name="scale">Factor on loss and gradient.</param>
    /// <param name="differentiate">Whether the gradient is wanted.</param>
    /// <returns>Each token's loss, and the same with factor and weight; fp32.</returns>
    public static (Tensor Losses, Tensor Scaled) Run(Tensor z_CV, Tensor labels_C, Tensor? weights_C, double scale, bool differentiate)
    {
        var (loss_C, scaled_C) = (empty(z_CV.size(0), device: z_CV.device), empty(z_CV.size(0), device: z_CV.device));
        Kernels[z_CV.dtype].Launch(
            new LaunchShape(z_CV.size(0), Threads), z_CV, labels_C.contiguous(), weights_C is null ? CudaArgument.Null : weights_C.contiguous(), loss_C, scaled_C, (int)z_CV.size(1),
            (float)scale, differentiate);
        return (loss_C, scaled_C);
    }
}

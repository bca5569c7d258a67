using Neoteny.Runtime.Cuda;
using Neoteny.Runtime.Operators;
using Neoteny.Runtime.Operators.Kernels;
using TorchSharp;
using static TorchSharp.torch;

namespace Neoteny.Plugins.Liger;

// C tokens, V vocabulary

/// <summary>Losses and gradient of logits on CUDA in one kernel, in the dtype of the logits; sums are fp32.</summary>
internal static class LogitsKernel
{
    private const int Threads = 1024;

    private static readonly CudaSource Source = CudaSource.Beside(typeof(LogitsKernel));
    private static readonly Dictionary<ScalarType, CudaKernel> Kernels = new[] { ScalarType.BFloat16, ScalarType.Float16, ScalarType.Float32 }
        .ToDictionary(static t => t, static t => CudaPacks.Variant(Source, t).Kernel("logits"));

    /// <summary>Whether the kernel takes these logits: contiguous, of any vocabulary.</summary>
    public static bool Handles(Tensor z_CV) => z_CV.device_type == DeviceType.CUDA && Kernels.ContainsKey(z_CV.dtype) && z_CV.is_contiguous() && z_CV.numel() > 0;

    /// <summary>Runs the kernel.</summary>
    /// <param name="z_CV">Logits; where the gradient is wanted it takes their place.</param>
    /// <param name="labels_C">Labels, int64, without gaps; below zero is ignored.</param>
    /// <param name="factors_C">Factors of the gradient, fp32, without gaps.</param>
    /// <param name="losses_C">Receives the losses without their factors, fp32, without gaps.</param>
    /// <param name="terms">What the loss is made of.</param>
    /// <param name="differentiates">Whether the gradient is wanted.</param>
    public static void Run(Tensor z_CV, Tensor labels_C, Tensor factors_C, Tensor losses_C, CrossEntropyTerms terms, bool differentiates)
        => Kernels[z_CV.dtype].Launch(
            new LaunchShape(z_CV.size(0), Threads), z_CV, labels_C, factors_C, losses_C, (int)z_CV.size(1), (float)terms.Smoothing, (float)terms.ZLoss, (float)terms.Softcap,
            terms.ScalesByProbability, differentiates);
}

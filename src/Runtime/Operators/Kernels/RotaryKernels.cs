using System.Collections.Concurrent;
using Neoteny.Modules;
using Neoteny.Runtime.Cuda;
using static TorchSharp.torch;

namespace Neoteny.Runtime.Operators.Kernels;

/// <summary>Rotary embedding on CUDA: queries and keys in one launch.</summary>
internal static class RotaryKernels
{
    private const int MostThreads = 512;
    private const int Warp = 32;

    /// <summary>Heads that a thread turns one after the other.</summary>
    private const int HeadsOfThread = 2;

    private static readonly CudaSource Source = CudaSource.Beside(typeof(RotaryKernels));
    private static readonly ConcurrentDictionary<ScalarType, CudaKernel> Kernels = new();

    /// <summary>Whether the kernel takes one or two tensors <c>[T, heads, D]</c> of one dtype and head size with these angles <c>[T, F]</c>.</summary>
    public static bool Handles(Tensor first, Tensor? second, Tensor cos_TF)
        => Takes(first, cos_TF) && (second is null || (Takes(second, cos_TF) && first.dtype == second.dtype && first.size(2) == second.size(2)))
            && CudaPacks.Takes(cos_TF) && cos_TF.dtype == ScalarType.Float32 && cos_TF.is_contiguous() && cos_TF.size(1) > 0;

    /// <summary>Turns one or two tensors.</summary>
    public static (Tensor First, Tensor? Second) Turn(Tensor first, Tensor? second, RotaryAngles angles, bool backward, bool inPlace)
    {
        var (size, half) = ((int)first.size(2), (int)angles.Cosines.size(1));
        var (heads, otherHeads) = ((int)first.size(1), second is null ? 0 : (int)second.size(1));
        var turned = inPlace ? first : Fresh(first);
        var turnedSecond = inPlace || second is null ? second : Fresh(second);
        var turning = half / CudaPacks.Size(first.dtype);
        var lanes = Math.Clamp((heads + otherHeads + HeadsOfThread - 1) / HeadsOfThread, 1, MostThreads / turning);
        Kernels.GetOrAdd(first.dtype, static dtype => CudaPacks.Variant(Source, dtype).Kernel("rotary")).Launch(
            new LaunchShape(first.size(0), Math.Min(MostThreads, (turning * lanes + Warp - 1) / Warp * Warp)), first, turned, Argument(second), Argument(turnedSecond),
            angles.Cosines, angles.Sines, heads, otherHeads, size, half, first.stride(0), first.stride(1), second?.stride(0) ?? 0L, second?.stride(1) ?? 0L, turned.stride(0),
            turned.stride(1), turnedSecond?.stride(0) ?? 0L, turnedSecond?.stride(1) ?? 0L, backward ? -1f : 1f);
        return (turned, turnedSecond);
    }

    private static bool Takes(Tensor x_THD, Tensor cos_TF)
        => x_THD.dim() == 3 && CudaPacks.TakesRows(x_THD) && cos_TF.size(1) % CudaPacks.Size(x_THD.dtype) == 0 && cos_TF.size(1) / CudaPacks.Size(x_THD.dtype) <= MostThreads;

    private static Tensor Fresh(Tensor x) => empty(x.shape, dtype: x.dtype, device: x.device);

    private static CudaArgument Argument(Tensor? tensor) => tensor is null ? CudaArgument.Null : tensor;
}

using System.Collections.Concurrent;
using Neoteny.Runtime.Cuda;
using static TorchSharp.torch;

namespace Neoteny.Runtime.Operators.Kernels;

/// <summary>Rotary embedding on CUDA: queries and keys in one launch.</summary>
internal static class RotaryKernels
{
    private const int MostThreads = 512;
    private const int Warp = 32;

    private static readonly CudaSource Source = CudaSource.Beside(typeof(RotaryKernels));
    private static readonly ConcurrentDictionary<ScalarType, CudaKernel> Kernels = new();

    /// <summary>Whether the kernel takes a tensor <c>[T, heads, D]</c> with these angles <c>[T, F]</c>.</summary>
    public static bool Handles(Tensor x_THD, Tensor cos_TF)
        => CudaPacks.TakesRows(x_THD) && CudaPacks.Takes(cos_TF) && cos_TF.dtype == ScalarType.Float32 && cos_TF.is_contiguous() && cos_TF.size(1) % CudaPacks.Size(x_THD.dtype) == 0;

    /// <summary>Turns one or two tensors of one dtype and head size; new, contiguous tensors.</summary>
    /// <param name="query">The first.</param>
    /// <param name="key">The second; null for none.</param>
    /// <param name="cos_TF">Cosines, fp32.</param>
    /// <param name="sin_TF">Sines, fp32.</param>
    /// <param name="backward">Whether to turn back.</param>
    public static (Tensor Query, Tensor? Key) Turn(Tensor query, Tensor? key, Tensor cos_TF, Tensor sin_TF, bool backward)
    {
        var (size, half) = ((int)query.size(2), (int)cos_TF.size(1));
        var (queryHeads, keyHeads) = ((int)query.size(1), key is null ? 0 : (int)key.size(1));
        var turned = empty(query.size(0), queryHeads, size, dtype: query.dtype, device: query.device);
        var turnedKey = key is null ? null : empty(key.size(0), keyHeads, size, dtype: key.dtype, device: key.device);
        var items = (queryHeads + keyHeads) * (size - half) / CudaPacks.Size(query.dtype);
        Kernels.GetOrAdd(query.dtype, static dtype => CudaPacks.Variant(Source, dtype).Kernel("rotary")).Launch(
            new LaunchShape(query.size(0), Math.Min(MostThreads, (items + Warp - 1) / Warp * Warp)), query, turned, key is null ? CudaArgument.Null : key,
            turnedKey is null ? CudaArgument.Null : turnedKey, cos_TF, sin_TF, queryHeads, keyHeads, size, half, query.stride(0), query.stride(1), key?.stride(0) ?? 0L,
            key?.stride(1) ?? 0L, backward ? -1f : 1f);
        return (turned, turnedKey);
    }
}

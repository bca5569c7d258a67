using Neoteny.Runtime.Cuda;
using Neoteny.Runtime.Operators.Kernels;
using TorchSharp;
using static TorchSharp.torch;

namespace Neoteny.Plugins.CCE.Tiles;

/// <summary>Tiles on CUDA in fp32, bf16 or fp16; arithmetic and sums are fp32. Rows begin at multiples of 16 bytes, and may have any length.</summary>
internal sealed class CudaTiles : ITileMath
{
    private const int MostThreads = 1024;

    private static readonly CudaSource Source = CudaSource.Beside(typeof(CudaTiles));
    private static readonly Dictionary<ScalarType, Variant> Variants = new[] { ScalarType.BFloat16, ScalarType.Float16, ScalarType.Float32 }
        .ToDictionary(static t => t, static t => Variant.Of(CudaPacks.Variant(Source, t)));

    /// <summary>Whether the kernels take logits of a dtype on a device.</summary>
    public static bool Handles(DeviceType device, ScalarType dtype) => device == DeviceType.CUDA && Variants.ContainsKey(dtype);

    /// <inheritdoc/>
    public void Gather(Tensor z_CN, long first, TokenRows rows, LossTerms terms, Tensor? most_C)
    {
        using var scope = NewDisposeScope();
        Variants[z_CN.dtype].Gather.Launch(
            Shape(z_CN), z_CN, z_CN.stride(0), (int)z_CN.size(1), first, rows.Labels, rows.Most, rows.Sum, rows.Total, rows.Logit, most_C is null ? CudaArgument.Null : most_C,
            (float)terms.Softcap);
    }

    /// <inheritdoc/>
    public void Differentiate(Tensor z_CN, long first, TokenRows rows, LossTerms terms)
    {
        using var scope = NewDisposeScope();
        Variants[z_CN.dtype].Differentiate.Launch(
            Shape(z_CN), z_CN, z_CN.stride(0), (int)z_CN.size(1), first, rows.Labels, Weights(rows), rows.LogSumExp, (float)terms.Scale, (float)(1 - terms.Smoothing),
            (float)terms.Share, (float)terms.ZFactor, (float)terms.Softcap);
    }

    /// <inheritdoc/>
    public void Whole(Tensor z_CV, TokenRows rows, LossTerms terms, bool differentiate)
    {
        using var scope = NewDisposeScope();
        Variants[z_CV.dtype].Whole.Launch(
            Shape(z_CV), z_CV, z_CV.stride(0), (int)z_CV.size(1), rows.Labels, Weights(rows), rows.Losses, rows.Scaled, (float)terms.Scale, (float)(1 - terms.Smoothing),
            (float)terms.Share, (float)terms.ZFactor, (float)terms.Softcap, differentiate);
    }

    private static CudaArgument Weights(TokenRows rows) => rows.Weights is null ? CudaArgument.Null : rows.Weights;

    /// <summary>A block of threads a token: several packs a thread where the row is long enough.</summary>
    private static LaunchShape Shape(Tensor z_CN)
    {
        var packs = z_CN.size(1) / CudaPacks.Size(z_CN.dtype);
        var threads = MostThreads;
        while (threads > 128 && threads * 2 > packs)
        {
            threads /= 2;
        }

        return new LaunchShape(z_CN.size(0), threads);
    }

    private sealed record Variant(CudaKernel Gather, CudaKernel Differentiate, CudaKernel Whole)
    {
        public static Variant Of(CudaSource source) => new(source.Kernel("cce_gather"), source.Kernel("cce_differentiate"), source.Kernel("cce_whole"));
    }
}

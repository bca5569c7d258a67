using System.Collections.Concurrent;
using Neoteny.Runtime.Cuda;
using static TorchSharp.torch;

namespace Neoteny.Runtime.Operators.Kernels;

// N rows, H features

/// <summary>RMSNorm on CUDA: each tensor is read and written once.</summary>
internal static class RmsNormKernels
{
    private const int Warp = 32;
    private const int MostThreads = 1024;
    private const int BlocksPerMultiprocessor = 8;

    private static readonly CudaSource Source = CudaSource.Beside(typeof(RmsNormKernels));
    private static readonly ConcurrentDictionary<(ScalarType, int), Set> Sets = new();

    /// <summary>Whether the kernels take these tensors: one dtype, contiguous rows of whole packs.</summary>
    public static bool Handles(Tensor x, Tensor weight)
        => CudaPacks.Takes(x) && weight.dtype == x.dtype && x.is_contiguous() && x.numel() > 0 && x.size(-1) % CudaPacks.Size(x.dtype) == 0
            && Packs(x) <= 8;

    /// <summary>The normed rows, and one over each row's root mean square, fp32 <c>[N]</c>.</summary>
    public static (Tensor Output, Tensor Inverse) Forward(Tensor x, Tensor weight, double epsilon, double offset)
    {
        var (rows, columns) = Shape(x);
        var y = empty_like(x);
        var inverse = empty(rows, dtype: ScalarType.Float32, device: x.device);
        Of(x).Forward.Launch(new LaunchShape(rows, Threads(x)), x, weight, y, inverse, columns, (float)epsilon, (float)offset);
        return (y, inverse);
    }

    /// <summary>The normed rows again.</summary>
    public static Tensor Again(Tensor x, Tensor weight, Tensor inverse, double offset)
    {
        var (rows, columns) = Shape(x);
        var y = empty_like(x);
        Of(x).Again.Launch(new LaunchShape(rows, Threads(x)), x, weight, inverse, y, columns, (float)offset);
        return y;
    }

    /// <summary>The gradient of the input, with <paramref name="added"/> added where given, and that of the weight where wanted.</summary>
    public static (Tensor Input, Tensor? Weight) Backward(Tensor dy, Tensor x, Tensor inverse, Tensor weight, double offset, Tensor? added, bool differentiatesWeight)
        => Backward(dy, x, inverse, weight, offset, added, differentiatesWeight, CudaDevice.Get(x.device_index).Multiprocessors * BlocksPerMultiprocessor);

    /// <summary>The same in at most so many blocks.</summary>
    internal static (Tensor Input, Tensor? Weight) Backward(
        Tensor dy, Tensor x, Tensor inverse, Tensor weight, double offset, Tensor? added, bool differentiatesWeight, int mostBlocks)
    {
        var (rows, columns) = Shape(x);
        var set = Of(x);
        var dx = empty_like(x);
        var blocks = (int)Math.Min(rows, mostBlocks);
        var partial = differentiatesWeight ? empty(blocks, columns, dtype: ScalarType.Float32, device: x.device) : null;
        set.Backward.Launch(
            new LaunchShape(blocks, Threads(x)), dy, x, inverse, weight, added is null ? CudaArgument.Null : added, dx, partial is null ? CudaArgument.Null : partial,
            (int)rows, columns, (float)offset);
        if (partial is null)
            return (dx, null);
        var dw = empty_like(weight);
        set.Weight.Launch(new LaunchShape((columns + Warp - 1) / Warp, Warp) { BlockY = Warp }, partial, dw, blocks, columns);
        return (dx, dw);
    }

    private static (long Rows, int Columns) Shape(Tensor x) => (x.numel() / x.size(-1), (int)x.size(-1));

    /// <summary>Packs of 16 bytes a thread holds.</summary>
    private static int Packs(Tensor x)
    {
        var all = (int)(x.size(-1) / CudaPacks.Size(x.dtype));
        return (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)((all + MostThreads - 1) / MostThreads));
    }

    private static int Threads(Tensor x)
    {
        var all = (int)(x.size(-1) / CudaPacks.Size(x.dtype));
        var packs = Packs(x);
        return ((all + packs - 1) / packs + Warp - 1) / Warp * Warp;
    }

    private static Set Of(Tensor x) => Sets.GetOrAdd((x.dtype, Packs(x)), static key => new Set(CudaPacks.Variant(Source, key.Item1).With("PACKS", key.Item2)));

    private sealed class Set(CudaSource source)
    {
        public CudaKernel Forward { get; } = source.Kernel("rms_norm_forward");

        public CudaKernel Again { get; } = source.Kernel("rms_norm_again");

        public CudaKernel Backward { get; } = source.Kernel("rms_norm_backward");

        public CudaKernel Weight { get; } = source.Kernel("rms_norm_weight");
    }
}

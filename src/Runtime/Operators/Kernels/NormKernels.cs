using System.Collections.Concurrent;
using Neoteny.Runtime.Cuda;
using static TorchSharp.torch;

namespace Neoteny.Runtime.Operators.Kernels;

// N rows, H features

/// <summary>RMSNorm and LayerNorm on CUDA: each tensor is read and written once.</summary>
internal static class NormKernels
{
    private const int Warp = 32;
    private const int MostThreads = 512;
    private const int MostPacks = 8;
    private const int RowsOfWarps = 8;
    private const int MostStages = 2;

    /// <summary>What the backward kernel declares of shared memory itself.</summary>
    private const int StaticSharedBytes = 512;

    /// <summary>Threads of a multiprocessor that keep its memory busy in backward: their registers fit, and more would need more lines of partial sums.</summary>
    private const int BackwardThreads = 512;

    private static readonly CudaSource Source = CudaSource.Beside(typeof(NormKernels));
    private static readonly ConcurrentDictionary<(ScalarType, int, int, bool), Set> Sets = new();

    /// <summary>Whether the kernels take these tensors: one dtype, contiguous rows of whole packs, not too long.</summary>
    public static bool Handles(NormWeights weights, Tensor x, params ReadOnlySpan<Tensor?> others)
    {
        if (!Takes(x, x.dtype) || weights.Scale.dtype != x.dtype || weights.Bias is { } bias && bias.dtype != x.dtype || !CudaPacks.Takes(weights.Scale)
            || x.numel() == 0 || x.size(-1) % CudaPacks.Size(x.dtype) != 0 || x.numel() / x.size(-1) > int.MaxValue || Packs(x) > MostPacks)
        {
            return false;
        }

        foreach (var other in others)
        {
            if (other is not null && !Takes(other, x.dtype))
                return false;
        }

        return true;
    }

    /// <summary>The normed rows with their statistics, and the sum where there is a residual.</summary>
    public static NormResult Forward(Tensor x, Tensor? residual, NormWeights weights, NormSettings settings)
    {
        var (rows, columns, threads) = Shape(x);
        var (y, inverse) = (empty_like(x), empty(rows, dtype: ScalarType.Float32, device: x.device));
        var mean = settings.Centered ? empty_like(inverse) : null;
        var sum = residual is null ? null : empty_like(x);
        var lines = threads == Warp ? RowsOfWarps : 1;
        Of(x, MostStages, settings).Forward.Launch(
            new LaunchShape((rows + lines - 1) / lines, threads) { BlockY = lines }, x, Argument(residual), weights.Scale, Argument(weights.Bias), Argument(sum), y, inverse,
            Argument(mean), rows, columns, (float)settings.Epsilon, (float)settings.Offset);
        return new NormResult(y, inverse, mean, sum);
    }

    /// <summary>The normed rows again.</summary>
    public static Tensor Again(Tensor x, Tensor inverse, Tensor? mean, NormWeights weights, NormSettings settings)
    {
        var (rows, columns, threads) = Shape(x);
        var y = empty_like(x);
        Of(x, MostStages, settings).Again.Launch(
            new LaunchShape(rows, threads), x, weights.Scale, Argument(weights.Bias), inverse, Argument(mean), y, columns, (float)settings.Offset);
        return y;
    }

    /// <summary>The gradients.</summary>
    public static NormGradients Backward(NormBackward of, NormWeights weights, NormSettings settings)
    {
        var device = CudaDevice.Get(of.Input.device_index);
        return Backward(of, weights, settings, device.Multiprocessors, device.SharedMemoryPerBlock - StaticSharedBytes);
    }

    /// <summary>The same on so many multiprocessors of so much shared memory.</summary>
    internal static NormGradients Backward(NormBackward of, NormWeights weights, NormSettings settings, int multiprocessors, int sharedMemory)
    {
        var x = of.Input;
        var (rows, columns, threads) = Shape(x);
        var lines = threads == Warp ? RowsOfWarps : 1;
        var stage = lines * columns * (of.Added is null ? 2 : 3) * (int)x.element_size();
        var stages = Math.Clamp(sharedMemory / stage, 1, MostStages);
        var resident = Math.Clamp(Math.Min(BackwardThreads / (threads * lines), sharedMemory / (stages * stage)), 1, 8);
        var blocks = Math.Min((rows + lines - 1) / lines, multiprocessors * resident);
        var dx = of.Into ?? empty_like(x);
        var partial = of.NeedsWeight ? Partial(blocks * lines, columns, x) : null;
        var partialBias = of.NeedsBias ? Partial(blocks * lines, columns, x) : null;
        var set = Of(x, stages, settings);
        set.Backward.Launch(
            new LaunchShape(blocks, threads) { BlockY = lines, SharedBytes = stages * stage }, of.Gradient, x, of.Inverse, Argument(of.Mean), weights.Scale, Argument(of.Added), dx,
            Argument(partial), Argument(partialBias), rows, columns, (float)settings.Offset);
        if (partial is null && partialBias is null)
            return new NormGradients(dx, null, null);
        var (dw, db) = (partial is null ? null : empty_like(weights.Scale), partialBias is null ? null : empty_like(weights.Scale));
        set.Weights.Launch(
            new LaunchShape((columns + Warp - 1) / Warp, 8) { BlockY = 128, GridY = partialBias is null ? 1 : 2 }, Argument(partial), Argument(partialBias), Argument(dw), Argument(db),
            blocks * lines, columns);
        return new NormGradients(dx, dw, db);
    }

    private static bool Takes(Tensor x, ScalarType dtype) => CudaPacks.Takes(x) && x.dtype == dtype && x.is_contiguous();

    private static CudaArgument Argument(Tensor? tensor) => tensor is null ? CudaArgument.Null : tensor;

    private static Tensor Partial(int lines, int columns, Tensor x) => empty(lines, columns, dtype: ScalarType.Float32, device: x.device);

    private static (int Rows, int Columns, int Threads) Shape(Tensor x)
    {
        var all = (int)(x.size(-1) / CudaPacks.Size(x.dtype));
        var packs = Packs(x);
        return ((int)(x.numel() / x.size(-1)), (int)x.size(-1), ((all + packs - 1) / packs + Warp - 1) / Warp * Warp);
    }

    /// <summary>Packs of 16 bytes a thread holds: four keep enough loads in flight with few threads to wait for, unless the row is short.</summary>
    private static int Packs(Tensor x)
    {
        var all = x.size(-1) / CudaPacks.Size(x.dtype);
        var packs = all >= 8 * Warp ? 4 : all >= 2 * Warp ? 2 : 1;
        while (all > packs * (long)MostThreads)
            packs *= 2;
        return packs;
    }

    private static Set Of(Tensor x, int stages, NormSettings settings) => Sets.GetOrAdd((x.dtype, Packs(x), stages, settings.Centered), static key =>
    {
        var source = CudaPacks.Variant(Source, key.Item1).With("PACKS", key.Item2).With("STAGES", key.Item3);
        return new Set(key.Item4 ? source.With("CENTERED", 1) : source);
    });

    private sealed class Set(CudaSource source)
    {
        public CudaKernel Forward { get; } = source.Kernel("norm_forward");

        public CudaKernel Again { get; } = source.Kernel("norm_again");

        public CudaKernel Backward { get; } = source.Kernel("norm_backward");

        public CudaKernel Weights { get; } = source.Kernel("norm_weights");
    }
}

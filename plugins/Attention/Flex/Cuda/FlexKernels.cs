using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;
using Neoteny.Attention;
using Neoteny.Runtime.Cpu;
using Neoteny.Runtime.Cuda;
using Neoteny.Runtime.Native;
using static TorchSharp.torch;

namespace Neoteny.Plugins.Flex.Cuda;

/// <summary>Runs the kernels of a program on packed rows.</summary>
internal static class FlexKernels
{
    /// <summary>The largest head size.</summary>
    public const int LargestHead = 512;

    private const int Threads = 128;
    private const int Alignment = 16;
    private static readonly ConcurrentDictionary<(LayerProgram Program, ScalarType DType, int Head, int Value, int Device), IKernelSet> Sets = [];

    public static AttentionOutput Forward(AttentionInput input, LayerProgram program) => Forward(input, program, Set(input, program, input.NeedsBackward));

    public static AttentionGradients Backward(AttentionBackward backward, LayerProgram program)
        => Backward(backward, program, Set(backward.Input, program, needsBackward: true).Backward(Determinism.IsOn));

    /// <summary>With these kernels.</summary>
    internal static AttentionOutput Forward(AttentionInput input, LayerProgram program, IKernelSet set)
    {
        var spec = input.Spec;
        var tables = BlockTables.Of(input.Layout, program, set.Forward.Size, spec.QueryHeads);
        var (q, k, v) = (Aligned(input.Query), Aligned(input.Key), Aligned(input.Value));
        var output = q.new_empty(q.size(0), q.size(1), v.size(2));
        var lse = empty(q.size(0), q.size(1), dtype: ScalarType.Float32, device: q.device);
        set.Forward.Kernel.Launch(
            set.Forward.Over(tables.QueryTiles, spec.QueryHeads), q, k, v, output, lse, q.stride(0), q.stride(1), k.stride(0), k.stride(1), v.stride(0), v.stride(1), tables.Queries, tables.QueryOrder, tables.Rows, tables.RowCounts,
            tables.Total, tables.Maps > 1 ? 1 : 0, spec.QueryHeads, spec.QueryHeads / spec.KeyHeads, (int)q.size(2), (int)v.size(2), (float)spec.Scale);
        return new AttentionOutput { Output = output, LogSumExp = lse };
    }

    /// <summary>With these kernels.</summary>
    internal static AttentionGradients Backward(AttentionBackward backward, LayerProgram program, BackwardKernels kernels)
    {
        var (input, spec) = (backward.Input, backward.Input.Spec);
        var (q, k, v) = (Aligned(input.Query), Aligned(input.Key), Aligned(input.Value));
        var (gradient, output, lse) = (Dense(backward.OutputGradient), Dense(backward.Output), backward.LogSumExp!.contiguous());
        var delta = empty(lse.shape, dtype: ScalarType.Float32, device: q.device);
        var (dq, dk, dv) = (q.new_empty(q.shape), k.new_empty(k.shape), v.new_empty(v.shape));
        var (d, width, group, scale) = ((int)q.size(2), (int)v.size(2), spec.QueryHeads / spec.KeyHeads, (float)spec.Scale);
        Delta(q.dtype).Launch(LaunchShape.Over(delta.numel() * 32, Threads), output, gradient, delta, delta.numel(), width);
        BlockTables Tables(TileKernel kernel) => BlockTables.Of(input.Layout, program, kernel.Size, spec.QueryHeads);

        var tables = Tables(kernels.Query);
        var sums = kernels.IsSummed ? zeros((long)spec.QueryHeads * tables.QueryTiles * kernels.Query.Size.Queries * d, dtype: ScalarType.Float32, device: q.device) : null;
        foreach (var kernel in kernels.Keys)
        {
            var byKey = Tables(kernel);
            CudaArgument[] arguments =
            [
                q, k, v, gradient, lse, delta, dk, dv, q.stride(0), q.stride(1), k.stride(0), k.stride(1), v.stride(0), v.stride(1), byKey.Keys, byKey.Queries, byKey.KeyOrder,
                byKey.Columns, byKey.ColumnCounts, byKey.Total, byKey.Maps > 1 ? 1 : 0, spec.QueryHeads, group, d, width, scale,
            ];
            kernel.Kernel.Launch(kernel.Over(byKey.KeyTiles, spec.KeyHeads), sums is null ? arguments : [.. arguments, sums, byKey.QueryTiles]);
        }

        var byQuery = kernels.Query.Over(tables.QueryTiles, spec.QueryHeads);
        if (sums is not null)
        {
            kernels.Query.Kernel.Launch(byQuery, sums, dq, tables.Queries, spec.QueryHeads, scale);
        }
        else
        {
            kernels.Query.Kernel.Launch(
                byQuery, q, k, v, gradient, lse, delta, dq, q.stride(0), q.stride(1), k.stride(0), k.stride(1), v.stride(0), v.stride(1), tables.Queries, tables.QueryOrder, tables.Rows,
                tables.RowCounts, tables.Total, tables.Maps > 1 ? 1 : 0, spec.QueryHeads, group, d, width, scale);
        }

        return new AttentionGradients { Query = dq, Key = dk, Value = dv };
    }

    /// <summary>The tensor itself where 16-byte loads can read its rows, else a dense copy.</summary>
    private static Tensor Aligned(Tensor x)
    {
        var bytes = x.element_size();
        return TensorData.Pointer(x) % Alignment == 0 && x.stride(0) * bytes % Alignment == 0 && x.stride(1) * bytes % Alignment == 0 ? x : x.contiguous();
    }

    private static Tensor Dense(Tensor x)
    {
        var dense = x.contiguous();
        return TensorData.Pointer(dense) % Alignment == 0 ? dense : dense.clone();
    }

    private static IKernelSet Set(AttentionInput input, LayerProgram program, bool needsBackward)
    {
        var (dtype, head, value) = (input.Query.dtype, (int)input.Query.size(2), (int)input.Value.size(2));
        var device = CudaDevice.Get(Math.Max(input.Query.device_index, 0));
        // On tensor cores the largest raw score of a row has the largest exponential.
        return input.Spec.Scale > 0 ? Prepare(program, dtype, head, value, device, needsBackward) : new PlainKernels(program, dtype, Math.Max(head, value));
    }

    /// <summary>The kernels of a program, which are compiled side by side where they are new.</summary>
    internal static IKernelSet Prepare(LayerProgram program, ScalarType dtype, int headSize, int valueSize, CudaDevice device, bool needsBackward)
    {
        var key = (program, dtype, headSize, valueSize, device.Index);
        if (Sets.TryGetValue(key, out var known))
        {
            return known;
        }

        IKernelSet set = HopperKernels.Fit(dtype, headSize, valueSize, device) ? new HopperKernels(program, dtype, headSize)
            : TensorCoreKernels.Fit(dtype, headSize, valueSize, device) ? new TensorCoreKernels(program, dtype, headSize, valueSize)
            : new PlainKernels(program, dtype, Math.Max(headSize, valueSize));
        TileKernel[] used = needsBackward ? [set.Forward, .. set.Backward(Determinism.IsOn).All] : [set.Forward];
        Compile(device, [.. used.Select(u => u.Kernel), .. used.Select(u => u.Size).Distinct().Select(s => FlexSources.Blocks(program, s).Kernel("flex_blocks")),
            .. needsBackward ? [Delta(dtype)] : Array.Empty<CudaKernel>()]);
        return Sets.GetOrAdd(key, set);
    }

    private static CudaKernel Delta(ScalarType dtype) => FlexSources.Delta(dtype).Kernel("flex_delta");

    private static void Compile(CudaDevice device, CudaKernel[] kernels)
    {
        try
        {
            Parallel.ForEach(kernels, k => k.Prepare(device));
        }
        catch (AggregateException several)
        {
            ExceptionDispatchInfo.Throw(several.InnerExceptions[0]);
        }
    }
}

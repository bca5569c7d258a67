using Neoteny.Attention;
using Neoteny.Plugins.Flash.Cudnn;
using Neoteny.Runtime.Cpu;
using Neoteny.Runtime.Cuda;
using static TorchSharp.torch;

namespace Neoteny.Plugins.Flash;

/// <summary>Runs the graphs on packed rows; keeps their plans.</summary>
internal sealed unsafe class RaggedAttention : IDisposable
{
    // 9.10.0 and 9.10.1 compute wrong gradients.
    private const long FirstVersion = 91002;
    private const int SlackRows = 128;
    private readonly Dictionary<int, nint> handles = [];
    private readonly Dictionary<(int Device, RaggedShape Shape), CudnnPlan> forwardPlans = [];
    private readonly Dictionary<(int Device, RaggedShape Shape), CudnnPlan> backwardPlans = [];

    /// <summary>Why cuDNN does not take a layer, as half a sentence; null when it does.</summary>
    public string? Refuses(AttentionSpec spec, ScalarType dtype, Device device)
    {
        if (CudnnLibrary.Version < FirstVersion)
        {
            return CudnnLibrary.Version == 0 ? "it needs cuDNN 9, which this libtorch does not bring" : $"it needs cuDNN 9.10.2 or later, not {CudnnLibrary.Version}";
        }

        try
        {
            var shape = RaggedShape.Of(spec, dtype);
            Forward(shape, device);
            Backward(shape, device);
            return null;
        }
        catch (NeotenyException e)
        {
            return $"cuDNN has no kernel for it ({e.Message})";
        }
    }

    public AttentionOutput Forward(AttentionInput input)
    {
        var (shape, device) = (RaggedShape.Of(input), input.Query.device);
        var (plan, tables) = (Forward(shape, device), RaggedTables.Of(input.Layout, shape.Documents));
        var output = input.Query.new_empty(input.Query.size(0), shape.QueryHeads, shape.HeadSize);
        var sums = empty(input.Query.size(0), shape.QueryHeads, dtype: ScalarType.Float32, device: device);
        using var workspace = Bytes(plan.WorkspaceBytes, device);
        var scale = (float)input.Spec.Scale;
        plan.Execute(
            Handle(device), TensorData.Pointer(workspace),
            [.. Inputs(input, shape, tables, &scale), (Id(RaggedTensor.Output), TensorData.Pointer(output)), (Id(RaggedTensor.LogSumExp), TensorData.Pointer(sums))]);
        return new AttentionOutput { Output = output, LogSumExp = sums };
    }

    public AttentionGradients Backward(AttentionBackward backward)
    {
        var input = Dense(backward.Input);
        var (shape, device, tokens) = (RaggedShape.Of(input), input.Query.device, input.Query.size(0));
        var (plan, tables) = (Backward(shape, device), RaggedTables.Of(input.Layout, shape.Documents));
        Tensor outputGradient = backward.OutputGradient.contiguous(), output = backward.Output.contiguous(), sums = backward.LogSumExp!.contiguous();
        var query = output.new_empty(tokens, shape.QueryHeads, shape.HeadSize);
        var key = output.new_empty(tokens, shape.KeyHeads, shape.HeadSize);
        var value = output.new_empty(tokens, shape.KeyHeads, shape.HeadSize);
        var rows = tokens + SlackRows;
        using var accumulator = empty(rows, shape.QueryHeads, shape.HeadSize, dtype: ScalarType.Float32, device: device);
        using var delta = empty(rows, shape.QueryHeads, dtype: ScalarType.Float32, device: device);
        using var workspace = Bytes(plan.WorkspaceBytes, device);
        var perHead = shape.QueryHeads == shape.KeyHeads ? 0 : rows;
        using var keyPerHead = output.new_empty(perHead, shape.QueryHeads, shape.HeadSize);
        using var valuePerHead = output.new_empty(perHead, shape.QueryHeads, shape.HeadSize);
        var scale = (float)input.Spec.Scale;
        List<(long, nint)> tensors =
        [
            .. Inputs(input, shape, tables, &scale),
            (Id(RaggedTensor.KeyGradientOffsets), TensorData.Pointer(tables.Offsets(shape.DenseKey.Row))),
            (Id(RaggedTensor.Output), TensorData.Pointer(output)),
            (Id(RaggedTensor.LogSumExp), TensorData.Pointer(sums)),
            (Id(RaggedTensor.OutputGradient), TensorData.Pointer(outputGradient)),
            (Id(RaggedTensor.QueryGradient), TensorData.Pointer(query)),
            (Id(RaggedTensor.KeyGradient), TensorData.Pointer(key)),
            (Id(RaggedTensor.ValueGradient), TensorData.Pointer(value)),
            (Id(RaggedTensor.QueryAccumulator), TensorData.Pointer(accumulator)),
            (Id(RaggedTensor.Delta), TensorData.Pointer(delta)),
        ];
        if (perHead > 0)
        {
            tensors.Add((Id(RaggedTensor.KeyPerHead), TensorData.Pointer(keyPerHead)));
            tensors.Add((Id(RaggedTensor.ValuePerHead), TensorData.Pointer(valuePerHead)));
        }

        plan.Execute(Handle(device), TensorData.Pointer(workspace), [.. tensors]);
        return new AttentionGradients { Query = query, Key = key, Value = value };
    }

    public void Dispose()
    {
        foreach (var plan in forwardPlans.Values.Concat(backwardPlans.Values))
        {
            plan.Dispose();
        }

        foreach (var handle in handles.Values)
        {
            CudnnLibrary.DestroyHandle(handle);
        }

        forwardPlans.Clear();
        backwardPlans.Clear();
        handles.Clear();
    }

    private static IEnumerable<(long Id, nint Address)> Inputs(AttentionInput input, RaggedShape shape, RaggedTables tables, float* scale)
        =>
        [
            (Id(RaggedTensor.Query), TensorData.Pointer(input.Query)),
            (Id(RaggedTensor.Key), TensorData.Pointer(input.Key)),
            (Id(RaggedTensor.Value), TensorData.Pointer(input.Value)),
            (Id(RaggedTensor.Scale), (nint)scale),
            (Id(RaggedTensor.QueryLengths), TensorData.Pointer(tables.Lengths)),
            (Id(RaggedTensor.KeyLengths), TensorData.Pointer(tables.Lengths)),
            (Id(RaggedTensor.QueryOffsets), TensorData.Pointer(tables.Offsets(shape.Query.Row))),
            (Id(RaggedTensor.KeyOffsets), TensorData.Pointer(tables.Offsets(shape.Key.Row))),
            (Id(RaggedTensor.ValueOffsets), TensorData.Pointer(tables.Offsets(shape.Value.Row))),
            (Id(RaggedTensor.OutputOffsets), TensorData.Pointer(tables.Offsets(shape.DenseQuery.Row))),
            (Id(RaggedTensor.LogSumExpOffsets), TensorData.Pointer(tables.Offsets(shape.QueryHeads))),
        ];

    /// <summary>The same call with queries and keys without gaps: the kernels take the strides of their gradients for those of the tensors themselves.</summary>
    private static AttentionInput Dense(AttentionInput input) => new()
    {
        Query = input.Query.contiguous(),
        Key = input.Key.contiguous(),
        Value = input.Value,
        Layout = input.Layout,
        Spec = input.Spec,
        NeedsBackward = true,
    };

    private static long Id(RaggedTensor tensor) => (long)tensor;

    private static Tensor Bytes(long count, Device device) => empty(Math.Max(count, 1), dtype: ScalarType.Byte, device: device);

    private CudnnPlan Forward(RaggedShape shape, Device device) => Plan(forwardPlans, shape, device, RaggedGraphs.Forward);

    private CudnnPlan Backward(RaggedShape shape, Device device) => Plan(backwardPlans, shape, device, RaggedGraphs.Backward);

    private CudnnPlan Plan(Dictionary<(int Device, RaggedShape Shape), CudnnPlan> plans, RaggedShape shape, Device device, Func<RaggedShape, nint, CudnnPlan> make)
    {
        var key = (Math.Max(device.index, 0), shape);
        if (!plans.TryGetValue(key, out var plan))
        {
            plans[key] = plan = make(shape, Handle(device));
        }

        return plan;
    }

    /// <summary>The device's handle, on the stream that libtorch uses now.</summary>
    private nint Handle(Device device)
    {
        var index = Math.Max(device.index, 0);
        if (!handles.TryGetValue(index, out var handle))
        {
            // The first allocation makes the device's context current on this thread.
            using var any = empty(1, device: device);
            handles[index] = handle = CudnnLibrary.CreateHandle();
        }

        CudnnLibrary.SetStream(handle, CudaStream.Current(CudaDevice.Get(index)));
        return handle;
    }
}

namespace Neoteny.Plugins.Flash.Cudnn;

/// <summary>Builds a graph of operations and has cuDNN compile it.</summary>
/// <remarks>Tensors have four dimensions: documents, heads, rows, columns. Virtual ones live in registers of the fused kernel.</remarks>
internal sealed unsafe class CudnnGraph : IDisposable
{
    private const long FirstVirtual = 1000;
    private const int ModeA = 3;
    private const int MostConfigs = 8;
    private readonly List<CudnnDescriptor> descriptors = [];
    private readonly List<CudnnDescriptor> operations = [];
    private readonly Dictionary<long, float> constants = [];
    private long next = FirstVirtual;

    /// <summary>A tensor in device memory.</summary>
    /// <param name="id">Its number.</param>
    /// <param name="type">Its type.</param>
    /// <param name="sizes">Sizes; documents count up to the plan's capacity.</param>
    /// <param name="strides">Strides in elements.</param>
    /// <param name="offsets">Where each document begins, in elements; null for a regular tensor.</param>
    public CudnnTensor Memory(long id, CudnnType type, long[] sizes, long[] strides, CudnnTensor? offsets = null)
    {
        var descriptor = Describe(id, type, sizes, strides);
        if (offsets is not null)
        {
            descriptor.SetPointers(CudnnAttribute.TensorRaggedOffsets, CudnnValue.Descriptor, offsets.Descriptor.Pointer);
        }

        return Finish(descriptor, id, sizes, strides);
    }

    /// <summary>A number of int32 for each document, <c>[documents, 1, 1, 1]</c>.</summary>
    public CudnnTensor PerDocument(long id, long count) => Memory(id, CudnnType.Int32, [count, 1, 1, 1], [1, 1, 1, 1]);

    /// <summary>A tensor between operations, dense.</summary>
    public CudnnTensor Virtual(CudnnType type, params long[] sizes)
        => Virtual(type, sizes, [sizes[1] * sizes[2] * sizes[3], sizes[2] * sizes[3], sizes[3], 1]);

    /// <summary>A tensor between operations.</summary>
    public CudnnTensor Virtual(CudnnType type, long[] sizes, long[] strides, CudnnTensor? offsets = null)
    {
        var id = next++;
        var descriptor = Describe(id, type, sizes, strides).Set(CudnnAttribute.TensorIsVirtual, true);
        if (offsets is not null)
        {
            descriptor.SetPointers(CudnnAttribute.TensorRaggedOffsets, CudnnValue.Descriptor, offsets.Descriptor.Pointer);
        }

        return Finish(descriptor, id, sizes, strides);
    }

    /// <summary>A number that is passed with every execution.</summary>
    public CudnnTensor Number(long id) => Finish(Describe(id, CudnnType.Float, [1, 1, 1, 1], [1, 1, 1, 1]).Set(CudnnAttribute.TensorIsByValue, true), id, [1, 1, 1, 1], [1, 1, 1, 1]);

    /// <summary>A number that never changes.</summary>
    public CudnnTensor Constant(float value)
    {
        constants[next] = value;
        return Number(next++);
    }

    /// <summary>Adds an element-wise operation with a new virtual result in the shape of its first input.</summary>
    public CudnnTensor Pointwise(CudnnPointwise mode, CudnnType result, CudnnType precision, CudnnTensor x, CudnnTensor? b = null, CudnnTensor? t = null, long? axis = null)
    {
        var y = Virtual(result, x.Sizes);
        Pointwise(mode, precision, x, b, t, y, axis);
        return y;
    }

    /// <summary>Adds an element-wise operation in fp32.</summary>
    public CudnnTensor Pointwise(CudnnPointwise mode, CudnnTensor x, CudnnTensor? b = null) => Pointwise(mode, CudnnType.Float, CudnnType.Float, x, b);

    /// <summary>Adds an element-wise operation that writes to a given tensor.</summary>
    public void Pointwise(CudnnPointwise mode, CudnnType precision, CudnnTensor x, CudnnTensor? b, CudnnTensor? t, CudnnTensor y, long? axis = null)
    {
        var function = Own(new CudnnDescriptor(CudnnKind.Pointwise))
            .Set(CudnnAttribute.PointwiseMode, CudnnValue.PointwiseMode, (int)mode)
            .Set(CudnnAttribute.PointwisePrecision, CudnnValue.DataType, (int)precision);
        if (axis is { } index)
        {
            function.Set(CudnnAttribute.PointwiseAxis, index);
        }

        var operation = Operation(CudnnKind.PointwiseOperation, (CudnnAttribute.PointwiseDescriptor, function.Finish()), (CudnnAttribute.PointwiseX, x.Descriptor));
        Optional(operation, CudnnAttribute.PointwiseB, b);
        Optional(operation, CudnnAttribute.PointwiseT, t);
        Optional(operation, CudnnAttribute.PointwiseY, y).Finish();
    }

    /// <summary>Adds a batched product with sizes that end with each document.</summary>
    public CudnnTensor MatMul(CudnnTensor a, CudnnTensor b, CudnnTensor c, CudnnTensor? rows = null, CudnnTensor? columns = null, CudnnTensor? inner = null)
    {
        var product = Own(new CudnnDescriptor(CudnnKind.MatMul)).Set(CudnnAttribute.MatMulPrecision, CudnnValue.DataType, (int)CudnnType.Float).Finish();
        var operation = Operation(
            CudnnKind.MatMulOperation, (CudnnAttribute.MatMulA, a.Descriptor), (CudnnAttribute.MatMulB, b.Descriptor), (CudnnAttribute.MatMulC, c.Descriptor),
            (CudnnAttribute.MatMulDescriptor, product));
        Optional(operation, CudnnAttribute.MatMulRows, rows);
        Optional(operation, CudnnAttribute.MatMulColumns, columns);
        Optional(operation, CudnnAttribute.MatMulInner, inner).Finish();
        return c;
    }

    /// <summary>Adds a reduction over the dimensions that are 1 in the result.</summary>
    public CudnnTensor Reduce(CudnnReduction function, CudnnTensor x, CudnnTensor y)
    {
        var reduction = Own(new CudnnDescriptor(CudnnKind.Reduction))
            .Set(CudnnAttribute.ReductionOperator, CudnnValue.ReductionOperator, (int)function)
            .Set(CudnnAttribute.ReductionPrecision, CudnnValue.DataType, (int)CudnnType.Float)
            .Set(CudnnAttribute.ReductionIsDeterministic, false).Finish();
        Operation(CudnnKind.ReductionOperation, (CudnnAttribute.ReductionX, x.Descriptor), (CudnnAttribute.ReductionY, y.Descriptor), (CudnnAttribute.ReductionDescriptor, reduction)).Finish();
        return y;
    }

    /// <summary>Adds another view of a tensor.</summary>
    public CudnnTensor Reshape(CudnnTensor x, CudnnTensor y)
    {
        Operation(CudnnKind.ReshapeOperation, (CudnnAttribute.ReshapeX, x.Descriptor), (CudnnAttribute.ReshapeY, y.Descriptor)).Finish();
        return y;
    }

    /// <summary>Compiles the graph with the first engine of cuDNN's choice that takes it. The graph may be freed afterwards.</summary>
    /// <exception cref="NeotenyException">No engine takes it.</exception>
    public CudnnPlan Compile(nint handle)
    {
        using var graph = new CudnnDescriptor(CudnnKind.OperationGraph);
        graph.SetPointers(CudnnAttribute.GraphOperations, CudnnValue.Descriptor, [.. operations.Select(o => o.Pointer)])
            .SetPointers(CudnnAttribute.GraphHandle, CudnnValue.Handle, handle).Finish();
        using var heuristic = new CudnnDescriptor(CudnnKind.EngineHeuristic);
        heuristic.SetPointers(CudnnAttribute.HeuristicGraph, CudnnValue.Descriptor, graph.Pointer).Set(CudnnAttribute.HeuristicMode, CudnnValue.HeuristicMode, ModeA).Finish();
        var configs = Enumerable.Range(0, MostConfigs).Select(_ => new CudnnDescriptor(CudnnKind.EngineConfig)).ToArray();
        try
        {
            var pointers = stackalloc nint[MostConfigs];
            for (var i = 0; i < MostConfigs; i++)
            {
                pointers[i] = configs[i].Pointer;
            }

            var found = CudnnLibrary.Get(heuristic.Pointer, CudnnAttribute.HeuristicResults, CudnnValue.Descriptor, MostConfigs, pointers);
            var problem = "no engine was proposed";
            foreach (var config in configs.Take((int)found))
            {
                var plan = new CudnnDescriptor(CudnnKind.ExecutionPlan).SetPointers(CudnnAttribute.PlanConfig, CudnnValue.Descriptor, config.Pointer);
                if (CudnnLibrary.TryFinalize(plan.Pointer) is { } refused)
                {
                    plan.Dispose();
                    problem = refused;
                    continue;
                }

                return new CudnnPlan(plan, constants);
            }

            throw new NeotenyException($"flash_attention_3: cuDNN {CudnnLibrary.Version} has no kernel for this attention: {problem}. Write attn_implementation: sdpa.");
        }
        finally
        {
            Array.ForEach(configs, c => c.Dispose());
        }
    }

    public void Dispose() => descriptors.ForEach(d => d.Dispose());

    private CudnnDescriptor Describe(long id, CudnnType type, long[] sizes, long[] strides) => Own(new CudnnDescriptor(CudnnKind.Tensor))
        .Set(CudnnAttribute.TensorType, CudnnValue.DataType, (int)type).Set(CudnnAttribute.TensorSizes, sizes).Set(CudnnAttribute.TensorStrides, strides)
        .Set(CudnnAttribute.TensorId, id).Set(CudnnAttribute.TensorAlignment, 16L);

    private static CudnnTensor Finish(CudnnDescriptor descriptor, long id, long[] sizes, long[] strides) => new(descriptor.Finish(), id, sizes, strides);

    private CudnnDescriptor Operation(CudnnKind kind, params ReadOnlySpan<(CudnnAttribute Name, CudnnDescriptor Value)> attributes)
    {
        var operation = Own(new CudnnDescriptor(kind));
        foreach (var (name, value) in attributes)
        {
            operation.SetPointers(name, CudnnValue.Descriptor, value.Pointer);
        }

        operations.Add(operation);
        return operation;
    }

    private static CudnnDescriptor Optional(CudnnDescriptor operation, CudnnAttribute name, CudnnTensor? tensor)
        => tensor is null ? operation : operation.SetPointers(name, CudnnValue.Descriptor, tensor.Descriptor.Pointer);

    private CudnnDescriptor Own(CudnnDescriptor descriptor)
    {
        descriptors.Add(descriptor);
        return descriptor;
    }
}

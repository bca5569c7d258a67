namespace Neoteny.Plugins.Flash.Cudnn;

/// <summary>Element types (<c>cudnnDataType_t</c>).</summary>
internal enum CudnnType
{
    Float = 0,
    Half = 2,
    Int32 = 4,
    BFloat16 = 9,
    Boolean = 11,
}

/// <summary>Kinds of descriptors (<c>cudnnBackendDescriptorType_t</c>).</summary>
internal enum CudnnKind
{
    Pointwise = 0,
    EngineConfig = 3,
    EngineHeuristic = 4,
    ExecutionPlan = 5,
    PointwiseOperation = 13,
    OperationGraph = 15,
    VariantPack = 16,
    Tensor = 17,
    MatMul = 18,
    MatMulOperation = 19,
    Reduction = 21,
    ReductionOperation = 22,
    ReshapeOperation = 31,
}

/// <summary>Element-wise functions (<c>cudnnPointwiseMode_t</c>).</summary>
internal enum CudnnPointwise
{
    Add = 0,
    Multiply = 1,
    Divide = 6,
    Subtract = 9,
    Exponential = 13,
    Logarithm = 15,
    Identity = 21,
    Greater = 302,
    GreaterOrEqual = 303,
    Less = 304,
    And = 400,
    Index = 501,
    Select = 601,
}

/// <summary>Reductions (<c>cudnnReduceTensorOp_t</c>).</summary>
internal enum CudnnReduction
{
    Sum = 0,
    Maximum = 3,
}

/// <summary>Types of attribute values (<c>cudnnBackendAttributeType_t</c>).</summary>
internal enum CudnnValue
{
    Handle = 0,
    DataType = 1,
    Boolean = 2,
    Int64 = 3,
    Pointer = 6,
    HeuristicMode = 8,
    PointwiseMode = 14,
    Descriptor = 15,
    ReductionOperator = 18,
}

/// <summary>Attributes (<c>cudnnBackendAttributeName_t</c>).</summary>
internal enum CudnnAttribute
{
    PointwiseMode = 0,
    PointwisePrecision = 1,
    PointwiseAxis = 9,
    HeuristicMode = 200,
    HeuristicGraph = 201,
    HeuristicResults = 202,
    PlanConfig = 401,
    PlanWorkspace = 402,
    PointwiseDescriptor = 750,
    PointwiseX = 751,
    PointwiseB = 752,
    PointwiseY = 753,
    PointwiseT = 758,
    GraphHandle = 800,
    GraphOperations = 801,
    TensorAlignment = 900,
    TensorType = 901,
    TensorSizes = 902,
    TensorStrides = 903,
    TensorId = 906,
    TensorIsVirtual = 907,
    TensorIsByValue = 908,
    TensorRaggedOffsets = 913,
    PackIds = 1000,
    PackPointers = 1001,
    PackWorkspace = 1003,
    MatMulPrecision = 1500,
    MatMulA = 1520,
    MatMulB = 1521,
    MatMulC = 1522,
    MatMulDescriptor = 1523,
    MatMulRows = 1525,
    MatMulColumns = 1526,
    MatMulInner = 1527,
    ReductionOperator = 1600,
    ReductionPrecision = 1601,
    ReductionIsDeterministic = 1602,
    ReductionX = 1610,
    ReductionY = 1611,
    ReductionDescriptor = 1612,
    ReshapeX = 2200,
    ReshapeY = 2201,
}

using Neoteny.Runtime.Cuda;

namespace Neoteny.Plugins.Flex.Cuda;

/// <summary>The kernels for one program, dtype and pair of head sizes. Both kinds take the same arguments.</summary>
internal interface IKernelSet
{
    /// <summary>The grain of skipping, forward.</summary>
    BlockSize ForwardSize { get; }

    /// <summary>The grain of skipping, backward.</summary>
    BlockSize BackwardSize { get; }

    /// <summary>Output and log-sum-exp.</summary>
    CudaKernel Forward { get; }

    /// <summary>Gradient of the queries.</summary>
    CudaKernel BackwardQuery { get; }

    /// <summary>Gradients of keys and values; one kernel for both, or one for each.</summary>
    IReadOnlyList<CudaKernel> BackwardKey { get; }

    /// <summary>Shared memory of a block of the forward kernel, in bytes.</summary>
    int ForwardBytes { get; }

    /// <summary>Shared memory of a block of the backward kernels, in bytes.</summary>
    int BackwardBytes { get; }
}

using Neoteny.Runtime.Cuda;

namespace Neoteny.Plugins.Flex.Cuda;

/// <summary>The kernels for one program, dtype and pair of head sizes. All kinds take the same arguments.</summary>
internal interface IKernelSet
{
    /// <summary>Output and log-sum-exp.</summary>
    TileKernel Forward { get; }

    /// <summary>Gradient of the queries.</summary>
    TileKernel BackwardQuery { get; }

    /// <summary>Gradients of keys and values; one kernel for both, or one for each.</summary>
    IReadOnlyList<TileKernel> BackwardKey { get; }

    /// <summary>Gradients of keys and values, and sums of that of the queries; null where there is no such kernel.</summary>
    TileKernel? BackwardAll => null;

    /// <summary>The gradient of the queries of the sums of <see cref="BackwardAll"/>.</summary>
    TileKernel? FinishQuery => null;
}

/// <summary>A kernel whose blocks each take a tile.</summary>
/// <param name="Kernel">The kernel.</param>
/// <param name="Size">The grain of skipping: a tile, and the blocks that it meets.</param>
/// <param name="Threads">Threads of a block.</param>
/// <param name="SharedBytes">Shared memory of a block.</param>
internal sealed record TileKernel(CudaKernel Kernel, BlockSize Size, int Threads, int SharedBytes)
{
    /// <summary>How a grid of blocks is started.</summary>
    /// <param name="tiles">Tiles of a head.</param>
    /// <param name="heads">Heads.</param>
    public LaunchShape Over(int tiles, int heads) => new(tiles, Threads) { GridY = heads, SharedBytes = SharedBytes };
}

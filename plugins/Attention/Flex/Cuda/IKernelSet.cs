using Neoteny.Runtime.Cuda;

namespace Neoteny.Plugins.Flex.Cuda;

/// <summary>The kernels for one program, dtype and pair of head sizes. All kinds take the same arguments.</summary>
internal interface IKernelSet
{
    /// <summary>Output and log-sum-exp.</summary>
    TileKernel Forward { get; }

    /// <summary>The gradients.</summary>
    /// <param name="isDeterministic">Whether the same inputs must give the same bits.</param>
    BackwardKernels Backward(bool isDeterministic);
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

/// <summary>Kernels for the gradients.</summary>
/// <param name="Keys">Gradients of keys and values; one kernel for both, or one for each.</param>
/// <param name="Query">Gradient of the queries.</param>
/// <param name="IsSummed">Whether the only kernel of <paramref name="Keys"/> adds the gradient of the queries up in fp32, of which <paramref name="Query"/> makes it.</param>
internal sealed record BackwardKernels(IReadOnlyList<TileKernel> Keys, TileKernel Query, bool IsSummed = false)
{
    /// <summary>All of them.</summary>
    public IEnumerable<TileKernel> All => Keys.Append(Query);
}

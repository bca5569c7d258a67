using Neoteny.Runtime.Cuda;
using static TorchSharp.torch;

namespace Neoteny.Plugins.Flex.Cuda;

/// <summary>FlexHopper*.cu: bf16 and fp16 on compute capability 9.0, heads of 64 or 128 for queries, keys and values.</summary>
internal sealed class HopperKernels : IKernelSet
{
    private const int Threads = 384;
    private const int Tile = 128;
    private const int Block = 64;
    private const int Statistics = 3 * 2 * Block * sizeof(float);

    /// <summary>For a program and a head size that <see cref="Fit"/>.</summary>
    public HopperKernels(LayerProgram program, ScalarType dtype, int headSize)
    {
        TileKernel Kernel(string file, string name, BlockSize size, int rows, int more = 0)
            => new(FlexSources.Hopper(file, program, dtype, headSize).Kernel(name), size, Threads, (rows * headSize * sizeof(short)) + more);

        Forward = Kernel("FlexHopper.cu", "flex_forward", new BlockSize(Tile, Tile), 7 * Tile);
        BackwardQuery = Kernel("FlexHopperQuery.cu", "flex_backward_query", new BlockSize(Tile, Block), (2 * Tile) + (8 * Block));
        BackwardKey = [Kernel("FlexHopperKey.cu", "flex_backward_key", new BlockSize(Block, Tile), (2 * Tile) + (6 * Block), Statistics)];
    }

    public TileKernel Forward { get; }

    public TileKernel BackwardQuery { get; }

    public IReadOnlyList<TileKernel> BackwardKey { get; }

    /// <summary>Whether these kernels run there.</summary>
    public static bool Fit(ScalarType dtype, int headSize, int valueSize, CudaDevice device)
        => dtype != ScalarType.Float32 && headSize == valueSize && headSize is 64 or 128 && device.Capability is { Major: 9, Minor: 0 };
}

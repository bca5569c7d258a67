using Neoteny.Runtime.Cuda;
using static TorchSharp.torch;

namespace Neoteny.Plugins.Flex.Cuda;

/// <summary>FlexHopper*.cu: bf16 and fp16 on compute capability 9.0, heads of 64 or 128 for queries, keys and values.</summary>
internal sealed class HopperKernels : IKernelSet
{
    private const int Group = 128;
    private const int Tile = 128;
    private const int Block = 64;
    private const int Slots = 4;
    private const int Statistics = Slots * 2 * Block * sizeof(float);

    private readonly BackwardKernels exact;
    private readonly BackwardKernels? summed;

    /// <summary>For a program and a head size that <see cref="Fit"/>.</summary>
    public HopperKernels(LayerProgram program, ScalarType dtype, int headSize)
    {
        CudaSource Source(string file) => FlexSources.Hopper(file, program, dtype, headSize);
        TileKernel Kernel(CudaSource source, string name, BlockSize size, int rows, int more = 0, int groups = 3)
            => new(source.Kernel(name), size, groups * Group, (rows * headSize * sizeof(short)) + more);
        TileKernel Key(CudaSource source, int groups, int more)
            => Kernel(source, "flex_backward_key", new BlockSize(Block, Tile), (2 * Tile) + (2 * Slots * Block), Statistics + more, groups);

        Forward = Kernel(Source("FlexHopper.cu"), "flex_forward", new BlockSize(Tile, Tile), 7 * Tile);
        exact = new([Key(Source("FlexHopperKey.cu"), 3, 0)], Kernel(Source("FlexHopperQuery.cu"), "flex_backward_query", new BlockSize(Tile, Block), (2 * Tile) + (2 * Slots * Block)));
        if (headSize != Block)
            return;
        var whole = Source("FlexHopperKey.cu").With("WITH_QUERY", 1);
        var finish = new TileKernel(whole.Kernel("flex_finish_query"), new BlockSize(Block, Tile), 2 * Group, SharedBytes: 0);
        summed = new([Key(whole, 4, Tile * Block * sizeof(short))], finish, IsSummed: true);
    }

    public TileKernel Forward { get; }

    /// <summary>Whether these kernels run there.</summary>
    public static bool Fit(ScalarType dtype, int headSize, int valueSize, CudaDevice device)
        => dtype != ScalarType.Float32 && headSize == valueSize && headSize is 64 or 128 && device.Capability is { Major: 9, Minor: 0 };

    public BackwardKernels Backward(bool isDeterministic) => isDeterministic ? exact : summed ?? exact;
}

using Neoteny.Runtime.Cuda;
using static TorchSharp.torch;

namespace Neoteny.Plugins.Flex.Cuda;

/// <summary>FlexTensorCore*.cu: bf16 and fp16 from compute capability 8.0, head sizes up to 256 that are multiples of 8.</summary>
internal sealed class TensorCoreKernels : IKernelSet
{
    public const int LargestHead = 256;
    private const int Threads = 128;
    private const int Tile = 64;
    private const int Padding = 8;
    private const int Statistics = 2 * 2 * Tile * sizeof(float);

    private readonly BackwardKernels backward;

    /// <summary>For a program and head sizes that <see cref="Fit"/>.</summary>
    public TensorCoreKernels(LayerProgram program, ScalarType dtype, int headSize, int valueSize)
    {
        var (key, value) = (Filled(headSize), Filled(valueSize));
        var fragments = Math.Max(key, value) <= 128 ? 2 : 1;
        TileKernel Kernel(string file, string name, int queries, int bytes)
            => new(FlexSources.TensorCore(file, program, dtype, key, value, fragments).Kernel(name), new BlockSize(queries, Tile), Threads, bytes);
        TileKernel BackwardTo(string file, string name) => Kernel(file, name, Tile, LargestBytes(key, value));

        Forward = Kernel("FlexTensorCore.cu", "flex_forward", Tile * fragments, Bytes(((fragments + 2) * (key + Padding)) + (2 * (value + Padding))));
        string[] names = key + value <= LargestHead ? ["flex_backward_key"] : ["flex_backward_key", "flex_backward_value"];
        backward = new([.. names.Select(n => BackwardTo("FlexTensorCoreKey.cu", n))], BackwardTo("FlexTensorCoreQuery.cu", "flex_backward_query"));
    }

    public TileKernel Forward { get; }

    /// <summary>Whether these kernels run there.</summary>
    public static bool Fit(ScalarType dtype, int headSize, int valueSize, CudaDevice device)
        => dtype != ScalarType.Float32 && device.Capability.Major >= 8 && Math.Max(headSize, valueSize) <= LargestHead && headSize % 8 == 0 && valueSize % 8 == 0
            && LargestBytes(Filled(headSize), Filled(valueSize)) <= device.SharedMemoryPerBlock;

    public BackwardKernels Backward(bool isDeterministic) => backward;

    private static int LargestBytes(int key, int value) => Bytes((3 * (key + Padding)) + (3 * (value + Padding))) + Statistics;

    private static int Bytes(int columns) => Tile * columns * sizeof(short);

    private static int Filled(int size) => (size + 15) / 16 * 16;
}

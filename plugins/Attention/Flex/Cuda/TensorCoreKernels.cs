using Neoteny.Runtime.Cuda;
using static TorchSharp.torch;

namespace Neoteny.Plugins.Flex.Cuda;

/// <summary>FlexTensorCore*.cu: bf16 and fp16 from compute capability 8.0, head sizes up to 256 that are multiples of 8.</summary>
internal sealed class TensorCoreKernels : IKernelSet
{
    public const int LargestHead = 256;
    private const int Tile = 64;
    private const int Padding = 8;
    private const int Statistics = 2 * 2 * Tile * sizeof(float);

    private readonly int key, value, fragments;

    /// <summary>For a program and head sizes that <see cref="Fit"/>.</summary>
    public TensorCoreKernels(LayerProgram program, ScalarType dtype, int headSize, int valueSize)
    {
        (key, value) = (Filled(headSize), Filled(valueSize));
        fragments = Math.Max(key, value) <= 128 ? 2 : 1;
        CudaSource Source(string file) => FlexSources.TensorCore(file, program, dtype, key, value, fragments);
        var backwardKey = Source("FlexTensorCoreKey.cu");
        (Forward, BackwardQuery) = (Source("FlexTensorCore.cu").Kernel("flex_forward"), Source("FlexTensorCoreQuery.cu").Kernel("flex_backward_query"));
        BackwardKey = key + value <= LargestHead ? [backwardKey.Kernel("flex_backward_key")] : [backwardKey.Kernel("flex_backward_key"), backwardKey.Kernel("flex_backward_value")];
    }

    public BlockSize ForwardSize => new(Tile * fragments, Tile);

    public BlockSize BackwardSize => new(Tile, Tile);

    public CudaKernel Forward { get; }

    public CudaKernel BackwardQuery { get; }

    public IReadOnlyList<CudaKernel> BackwardKey { get; }

    public int ForwardBytes => Bytes(((fragments + 2) * (key + Padding)) + (2 * (value + Padding)));

    public int BackwardBytes => LargestBytes(key, value);

    /// <summary>Whether these kernels run there.</summary>
    public static bool Fit(ScalarType dtype, int headSize, int valueSize, CudaDevice device)
        => dtype != ScalarType.Float32 && device.Capability.Major >= 8 && Math.Max(headSize, valueSize) <= LargestHead && headSize % 8 == 0 && valueSize % 8 == 0
            && LargestBytes(Filled(headSize), Filled(valueSize)) <= device.SharedMemoryPerBlock;

    private static int LargestBytes(int key, int value) => Bytes((3 * (key + Padding)) + (3 * (value + Padding))) + Statistics;

    private static int Bytes(int columns) => Tile * columns * sizeof(short);

    private static int Filled(int size) => (size + 15) / 16 * 16;
}

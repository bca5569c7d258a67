using Neoteny.Runtime.Cuda;
using static TorchSharp.torch;

namespace Neoteny.Plugins.Flex.Cuda;

/// <summary>FlexRows.cu: any dtype, head size and device, a warp for each row.</summary>
internal sealed class PlainKernels : IKernelSet
{
    /// <summary>A warp's lanes take one key or query each.</summary>
    public static readonly BlockSize Size = new(32, 32);

    private const int Threads = 128;
    private readonly BackwardKernels backward;

    /// <summary>For a program.</summary>
    public PlainKernels(LayerProgram program, ScalarType dtype, int largestHead)
    {
        var source = FlexSources.Rows(program, dtype, (largestHead + 31) / 32);
        TileKernel Kernel(string name) => new(source.Kernel(name), Size, Threads, SharedBytes: 0);
        Forward = Kernel("flex_forward");
        backward = new([Kernel("flex_backward_key")], Kernel("flex_backward_query"));
    }

    public TileKernel Forward { get; }

    public BackwardKernels Backward(bool isDeterministic) => backward;
}

using Neoteny.Runtime.Cuda;
using static TorchSharp.torch;

namespace Neoteny.Plugins.Flex.Cuda;

/// <summary>FlexRows.cu: any dtype, head size and device, a warp for each row.</summary>
internal sealed class PlainKernels : IKernelSet
{
    /// <summary>A warp's lanes take one key or query each.</summary>
    public static readonly BlockSize Size = new(32, 32);

    /// <summary>For a program.</summary>
    public PlainKernels(LayerProgram program, ScalarType dtype, int largestHead)
    {
        var source = FlexSources.Rows(program, dtype, (largestHead + 31) / 32);
        (Forward, BackwardQuery) = (source.Kernel("flex_forward"), source.Kernel("flex_backward_query"));
        BackwardKey = [source.Kernel("flex_backward_key")];
    }

    public BlockSize ForwardSize => Size;

    public BlockSize BackwardSize => Size;

    public CudaKernel Forward { get; }

    public CudaKernel BackwardQuery { get; }

    public IReadOnlyList<CudaKernel> BackwardKey { get; }

    public int ForwardBytes => 0;

    public int BackwardBytes => 0;
}

using System.Collections.Concurrent;
using System.Globalization;
using Neoteny.Runtime.Cuda;
using Neoteny.Runtime.Operators.Kernels;
using static TorchSharp.torch;

namespace Neoteny.Plugins.Flex.Cuda;

/// <summary>CUDA sources: a program's functions with the kernels around them. Each is compiled once in a process, and kept on disk.</summary>
internal static class FlexSources
{
    private static readonly CudaSource DeltaSource = new("FlexDelta.cu", Text("FlexDelta.cu")) { Options = ["--std=c++17"] };
    private static readonly ConcurrentDictionary<string, CudaSource> Sources = [];

    /// <summary>Products of outputs and their gradients, which know no program.</summary>
    /// <param name="dtype">fp32, bf16 or fp16.</param>
    public static CudaSource Delta(ScalarType dtype) => CudaPacks.Variant(DeltaSource, dtype);

    /// <summary>The kernels that find out which blocks are computed.</summary>
    public static CudaSource Blocks(LayerProgram program, BlockSize size) => Get(program, ["FlexBlocks.cu"], [Macro("BM", size.Queries), Macro("BN", size.Keys)], isFast: false);

    /// <summary>Tensor core kernels of one file, so that files compile side by side.</summary>
    /// <param name="file">FlexTensorCore.cu, FlexTensorCoreQuery.cu or FlexTensorCoreKey.cu.</param>
    /// <param name="program">The program.</param>
    /// <param name="dtype">bf16 or fp16.</param>
    /// <param name="key">Size of a key head, filled up.</param>
    /// <param name="value">Size of a value head, filled up.</param>
    /// <param name="fragments">16-row fragments a warp of the forward kernel holds.</param>
    public static CudaSource TensorCore(string file, LayerProgram program, ScalarType dtype, int key, int value, int fragments)
        => Get(program, ["FlexPrimitives.cu", "FlexFragments.cu", "FlexTensorCoreTiles.cu", file], [Element(dtype), Macro("HK", key), Macro("HV", value), Macro("MT", fragments)], isFast: true);

    /// <summary>Kernels for Hopper of one file.</summary>
    /// <param name="file">FlexHopper.cu, FlexHopperQuery.cu or FlexHopperKey.cu.</param>
    /// <param name="program">The program.</param>
    /// <param name="dtype">bf16 or fp16.</param>
    /// <param name="headSize">64 or 128.</param>
    public static CudaSource Hopper(string file, LayerProgram program, ScalarType dtype, int headSize)
        => Get(
            program, ["FlexPrimitives.cu", "FlexFragments.cu", "FlexWarpgroup.cu", "FlexHopperTiles.cu", file], [Element(dtype), Macro("HEAD", headSize)], isFast: true, WarpgroupProducts.Text(dtype));

    /// <summary>The plain kernels.</summary>
    /// <param name="program">The program.</param>
    /// <param name="dtype">fp32, bf16 or fp16.</param>
    /// <param name="slices">The larger head size over 32, rounded up.</param>
    public static CudaSource Rows(LayerProgram program, ScalarType dtype, int slices)
        => Get(program, ["FlexRows.cu"], [Element(dtype), Macro("SLICES", slices), Macro("BN", PlainKernels.Size.Keys)], isFast: false);

    /// <summary>A program's functions, those of the GPU generation if there are any, and files.</summary>
    private static CudaSource Get(LayerProgram program, string[] files, string[] macros, bool isFast, string specific = "")
    {
        string[] speed = isFast ? ["-DFLEX_FAST", "--ftz=true", "--prec-div=false", "--prec-sqrt=false"] : [];
        return Sources.GetOrAdd(
            string.Join(' ', [.. files, .. macros, program.Source]),
            _ => new CudaSource(files[^1], program.Source + specific + string.Concat(files.Select(Text)))
            {
                Options = ["--std=c++17", .. speed, .. macros],
                IsArchitectureSpecific = specific.Length > 0,
            });
    }

    private static string Text(string file) => CudaSource.Embedded(typeof(FlexSources).Assembly, file).Text;

    private static string Macro(string name, int value) => string.Create(CultureInfo.InvariantCulture, $"-D{name}={value}");

    private static string Element(ScalarType dtype)
        => $"-DELEMENT={dtype switch { ScalarType.BFloat16 => "bf16", ScalarType.Float16 => "fp16", _ => "float" }}";
}

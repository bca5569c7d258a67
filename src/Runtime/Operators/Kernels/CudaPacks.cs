using Neoteny.Runtime.Cpu;
using Neoteny.Runtime.Cuda;
using TorchSharp;
using static TorchSharp.torch;

namespace Neoteny.Runtime.Operators.Kernels;

/// <summary>What kernels that move 16 bytes at a time ask of tensors.</summary>
public static class CudaPacks
{
    private const int Bytes = 16;

    /// <summary>Whether a tensor is fp32, bf16 or fp16 on CUDA and begins at a multiple of 16 bytes.</summary>
    public static bool Takes(Tensor x)
        => x.device_type == DeviceType.CUDA && x.dtype is ScalarType.BFloat16 or ScalarType.Float32 or ScalarType.Float16 && TensorData.Pointer(x) % Bytes == 0;

    /// <summary>Whether the features of a tensor's rows lie side by side, rows begin at multiples of 16 bytes, and rows are whole packs.</summary>
    /// <param name="x">At least one dimension; all but the last may have any stride.</param>
    public static bool TakesRows(Tensor x)
    {
        if (!Takes(x) || x.numel() == 0)
            return false;
        var pack = Size(x.dtype);
        if (x.size(-1) % pack != 0)
            return false;
        if (x.is_contiguous())
            return true;
        var strides = x.stride();
        if (strides[^1] != 1)
            return false;
        for (var i = 0; i < strides.Length - 1; i++)
        {
            if (strides[i] % pack != 0)
                return false;
        }

        return true;
    }

    /// <summary>Elements in 16 bytes.</summary>
    public static int Size(ScalarType dtype) => dtype == ScalarType.Float32 ? 4 : 8;

    /// <summary>A source compiled for a dtype: with the macro WIDE for fp32, HALF for fp16, none for bf16; <c>DTYPE_VARIANTS</c> of neoteny.cuh makes <c>real</c> of them.</summary>
    public static CudaSource Variant(CudaSource source, ScalarType dtype) => dtype switch
    {
        ScalarType.Float32 => source.With("WIDE", 1),
        ScalarType.Float16 => source.With("HALF", 1),
        _ => source,
    };
}

using System.Runtime.InteropServices;
using Neoteny.Runtime.Cpu;
using static TorchSharp.torch;

namespace Neoteny.Runtime.Cuda;

/// <summary>A description of a tensor for Hopper's copy engine (TMA), passed to a kernel as <c>const __grid_constant__ CUtensorMap</c>.</summary>
/// <remarks>It holds the tensor's address, not the tensor: use it while the tensor lives. Needs compute capability 9.0.</remarks>
public sealed unsafe class TensorMap : IDisposable
{
    internal const byte Bytes = 128;
    private const int Alignment = 64;

    private TensorMap(void* address) => Address = (nint)address;

    /// <summary>Frees what was not disposed.</summary>
    ~TensorMap() => Free();

    internal nint Address { get; private set; }

    /// <summary>Describes a tensor as boxes of a fixed shape.</summary>
    /// <param name="tensor">fp16, bf16 or fp32, 1 to 5 dimensions, innermost stride 1, other strides multiples of 16 bytes, aligned to 16 bytes.</param>
    /// <param name="box">Elements of a box, innermost dimension first, at most 256 each.</param>
    /// <param name="swizzle">How a box is laid out in shared memory; with a swizzle the box's innermost row has at most that many bytes.</param>
    /// <exception cref="CudaException">The driver refuses the description.</exception>
    /// <exception cref="ArgumentException">The dtype is none of the three.</exception>
    public static TensorMap Of(Tensor tensor, ReadOnlySpan<int> box, TensorMapSwizzle swizzle)
    {
        var (shape, strides, rank) = (tensor.shape, tensor.stride(), (int)tensor.dim());
        var (type, size) = tensor.dtype switch
        {
            ScalarType.Float16 => (6, 2),
            ScalarType.Float32 => (7, 4),
            ScalarType.BFloat16 => (9, 2),
            _ => throw new ArgumentException($"A tensor map of {tensor.dtype} is not possible here; use fp16, bf16 or fp32.", nameof(tensor)),
        };
        ulong* sizes = stackalloc ulong[rank], pitches = stackalloc ulong[rank];
        uint* boxes = stackalloc uint[rank], steps = stackalloc uint[rank];
        for (var i = 0; i < rank; i++)
        {
            sizes[i] = (ulong)shape[rank - 1 - i];
            boxes[i] = (uint)box[i];
            steps[i] = 1;
            if (i > 0)
                pitches[i - 1] = (ulong)(strides[rank - 1 - i] * size);
        }

        var map = new TensorMap(NativeMemory.AlignedAlloc(Bytes, Alignment));
        const int promoteTo256Bytes = 3;
        var status = DriverApi.cuTensorMapEncodeTiled(
            (void*)map.Address, type, (uint)rank, (void*)TensorData.Pointer(tensor), sizes, pitches, boxes, steps, 0, (int)swizzle, promoteTo256Bytes, 0);
        if (status != 0)
        {
            map.Dispose();
            throw new CudaException($"cuTensorMapEncodeTiled of {tensor.dtype} [{string.Join(", ", shape)}] with strides [{string.Join(", ", strides)}] and box "
                + $"[{string.Join(", ", box.ToArray())}] failed: {CudaStatus.Describe(status)}.", status);
        }

        GC.KeepAlive(tensor);
        return map;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private void Free()
    {
        NativeMemory.AlignedFree((void*)Address);
        Address = 0;
    }
}

/// <summary>The layout of a <see cref="TensorMap"/>'s boxes in shared memory.</summary>
public enum TensorMapSwizzle
{
    /// <summary>Row after row.</summary>
    None,

    /// <summary>Rows of 32 bytes, 16-byte pieces exchanged.</summary>
    Bytes32,

    /// <summary>Rows of 64 bytes, 16-byte pieces exchanged.</summary>
    Bytes64,

    /// <summary>Rows of 128 bytes, 16-byte pieces exchanged: what WGMMA reads without bank conflicts.</summary>
    Bytes128,
}

using static TorchSharp.torch;

namespace Neoteny.Runtime.Cuda;

/// <summary>One argument of a kernel: a tensor's address, a number, or a structure by value.</summary>
/// <remarks>
/// Conversions are implicit. The number's type must be the parameter's: <c>int</c> for <c>int</c>, <c>long</c> for <c>long long</c>, <c>float</c> for
/// <c>float</c>; sizes are compared with the compiled kernel's where the driver tells them (CUDA 12.4 and later).
/// </remarks>
public readonly struct CudaArgument
{
    private CudaArgument(Tensor? tensor, ulong bits, byte size, bool isReference = false, object? owner = null)
        => (Tensor, Bits, Size, IsReference, Owner) = (tensor, bits, size, isReference, owner ?? tensor);

    /// <summary>A null pointer, for an optional tensor that is absent.</summary>
    public static CudaArgument Null => new(null, 0, sizeof(ulong));

    internal Tensor? Tensor { get; }

    internal ulong Bits { get; }

    /// <summary>Bytes of the value; 0 where unknown.</summary>
    internal byte Size { get; }

    /// <summary>Whether <see cref="Bits"/> is the address of the value instead of the value.</summary>
    internal bool IsReference { get; }

    /// <summary>What must live until the launch has read the argument.</summary>
    internal object? Owner { get; }

    /// <summary>The address of a tensor's first element; the tensor must lie on the device. Borrowed.</summary>
    public static implicit operator CudaArgument(Tensor tensor) => new(tensor, 0, sizeof(ulong));

    /// <summary>A 32-bit whole number.</summary>
    public static implicit operator CudaArgument(int value) => new(null, (uint)value, sizeof(int));

    /// <summary>A 32-bit unsigned whole number.</summary>
    public static implicit operator CudaArgument(uint value) => new(null, value, sizeof(uint));

    /// <summary>A 64-bit whole number.</summary>
    public static implicit operator CudaArgument(long value) => new(null, unchecked((ulong)value), sizeof(long));

    /// <summary>A 64-bit unsigned whole number.</summary>
    public static implicit operator CudaArgument(ulong value) => new(null, value, sizeof(ulong));

    /// <summary>An fp32 number.</summary>
    public static implicit operator CudaArgument(float value) => new(null, BitConverter.SingleToUInt32Bits(value), sizeof(float));

    /// <summary>An fp64 number.</summary>
    public static implicit operator CudaArgument(double value) => new(null, BitConverter.DoubleToUInt64Bits(value), sizeof(double));

    /// <summary>A truth value (one byte).</summary>
    public static implicit operator CudaArgument(bool value) => new(null, value ? 1UL : 0UL, sizeof(bool));

    /// <summary>A raw device address.</summary>
    public static implicit operator CudaArgument(nint address) => new(null, (ulong)address, sizeof(ulong));

    /// <summary>A tensor map by value (<c>const __grid_constant__ CUtensorMap</c>).</summary>
    public static implicit operator CudaArgument(TensorMap map) => new(null, (ulong)map.Address, TensorMap.Bytes, isReference: true, owner: map);
}

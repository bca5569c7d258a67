using Neoteny.Runtime.Cpu;
using TorchSharp;
using static TorchSharp.torch;

namespace Neoteny.Runtime.Cuda.Products;

/// <summary>What the speed of a product <c>D[M, N] (+)= L[M, K] R[K, N]</c> depends on, apart from the numbers.</summary>
/// <param name="Device">The device's number.</param>
/// <param name="Factors">Dtype of L and R.</param>
/// <param name="Result">Dtype of D.</param>
/// <param name="M">Rows.</param>
/// <param name="N">Columns.</param>
/// <param name="K">Length of the sums.</param>
/// <param name="Left">How L lies.</param>
/// <param name="Right">How R lies.</param>
/// <param name="ResultStride">Elements from row to row of D.</param>
/// <param name="Alignment">Bytes that every address is a multiple of.</param>
/// <param name="Adds">Whether D is added to, and so read as well.</param>
internal readonly record struct ProductShape(
    int Device, ScalarType Factors, ScalarType Result, long M, long N, long K, ProductShape.Lie Left, ProductShape.Lie Right, long ResultStride, int Alignment, bool Adds)
{
    private const int Fine = 16;
    private const int Coarse = 256;

    /// <summary>A matrix in memory.</summary>
    /// <param name="Stride">Elements from row to row, or from column to column where transposed.</param>
    /// <param name="IsTransposed">Whether its columns, not its rows, are without gaps.</param>
    internal readonly record struct Lie(long Stride, bool IsTransposed)
    {
        public static Lie? Of(Tensor matrix)
        {
            var (rows, columns) = (matrix.stride(0), matrix.stride(1));
            return columns == 1 && rows >= matrix.size(1) ? new Lie(rows, false) : rows == 1 && columns >= matrix.size(0) ? new Lie(columns, true) : null;
        }
    }

    /// <summary>The shape of a product that cuBLASLt takes; null for others: on another device, of other dtypes, with gaps or addresses that it does not read whole packs from.</summary>
    public static ProductShape? Of(Tensor result_MN, Tensor left_MK, Tensor right_KN, bool adds)
    {
        if (result_MN.device_type != DeviceType.CUDA || left_MK.device_type != DeviceType.CUDA || right_KN.device_type != DeviceType.CUDA
            || left_MK.dtype is not (ScalarType.BFloat16 or ScalarType.Float16) || right_KN.dtype != left_MK.dtype || (result_MN.dtype != left_MK.dtype && result_MN.dtype != ScalarType.Float32)
            || Lie.Of(left_MK) is not { } left || Lie.Of(right_KN) is not { } right || Lie.Of(result_MN) is not { IsTransposed: false } result)
        {
            return null;
        }

        var (size, wide) = (left_MK.element_size(), result_MN.element_size());
        var bits = TensorData.Pointer(left_MK) | TensorData.Pointer(right_KN) | TensorData.Pointer(result_MN);
        var strides = (left.Stride * size) | (right.Stride * size) | (result.Stride * wide);
        if (((bits | (nint)strides) & (Fine - 1)) != 0)
            return null;
        return new ProductShape(
            left_MK.device_index, left_MK.dtype, result_MN.dtype, left_MK.size(0), right_KN.size(1), left_MK.size(1), left, right, result.Stride, (bits & (Coarse - 1)) == 0 ? Coarse : Fine,
            adds);
    }
}

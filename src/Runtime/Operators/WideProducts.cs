using Neoteny.Runtime.Cuda.Products;
using static TorchSharp.torch;

namespace Neoteny.Runtime.Operators;

/// <summary>Products into a matrix that may be wider than the factors: sums of many 16-bit products without rounding in between.</summary>
public static class WideProducts
{
    // 6 is fp32.
    private static readonly Native.AtenScript Wide = new("""
        def add(c, a, b):
            return torch.addmm(c, a, b, 6, beta=1.0, alpha=1.0, out=c)

        def replace(c, a, b):
            return torch.addmm(c, a, b, 6, beta=0.0, alpha=1.0, out=c)
        """);

    /// <summary><c>sum += left right</c>, in place.</summary>
    /// <param name="sum_MN">What is added to: in the factors' dtype, or fp32 where they are bf16 or fp16 on CUDA.</param>
    /// <param name="left_MK">Left factor.</param>
    /// <param name="right_KN">Right factor in the same dtype.</param>
    public static void Add(Tensor sum_MN, Tensor left_MK, Tensor right_KN)
    {
        if (TriedProducts.TryRun(sum_MN, left_MK, right_KN, adds: true))
        {
            return;
        }

        if (sum_MN.dtype == left_MK.dtype)
        {
            sum_MN.addmm_(left_MK, right_KN, 1f, 1f);
        }
        else
        {
            Wide.Run("add", sum_MN, left_MK, right_KN);
        }
    }

    /// <summary><c>result = left right</c>, in place; what was there is not read.</summary>
    /// <param name="result_MN">What is written: in the factors' dtype, or fp32 where they are bf16 or fp16 on CUDA.</param>
    /// <param name="left_MK">Left factor.</param>
    /// <param name="right_KN">Right factor in the same dtype.</param>
    public static void Set(Tensor result_MN, Tensor left_MK, Tensor right_KN)
    {
        if (TriedProducts.TryRun(result_MN, left_MK, right_KN, adds: false))
        {
            return;
        }

        if (result_MN.dtype == left_MK.dtype)
        {
            result_MN.addmm_(left_MK, right_KN, 0f, 1f);
        }
        else
        {
            Wide.Run("replace", result_MN, left_MK, right_KN);
        }
    }

    /// <summary><c>left right</c> in the factors' dtype where an algorithm is chosen for a product of this size by trying; null where libtorch's own choice serves.</summary>
    internal static Tensor? TryMake(Tensor left_MK, Tensor right_KN)
    {
        if (!TriedProducts.Takes(left_MK, right_KN.size(1)))
        {
            return null;
        }

        var result_MN = empty(left_MK.size(0), right_KN.size(1), dtype: left_MK.dtype, device: left_MK.device);
        if (TriedProducts.TryRun(result_MN, left_MK, right_KN, adds: false))
        {
            return result_MN;
        }

        result_MN.Dispose();
        return null;
    }
}

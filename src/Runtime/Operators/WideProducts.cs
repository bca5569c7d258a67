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
    public static void Add(Tensor sum_MN, Tensor left_MK, Tensor right_KN) => Run(sum_MN, left_MK, right_KN, adds: true);

    /// <summary><c>result = left right</c>, in place; what was there is not read.</summary>
    /// <param name="result_MN">What is written: in the factors' dtype, or fp32 where they are bf16 or fp16 on CUDA.</param>
    /// <param name="left_MK">Left factor.</param>
    /// <param name="right_KN">Right factor in the same dtype.</param>
    public static void Set(Tensor result_MN, Tensor left_MK, Tensor right_KN) => Run(result_MN, left_MK, right_KN, adds: false);

    /// <summary>One of both, in place: for sums whose first product is written and whose others are added.</summary>
    /// <param name="result_MN">What is added to or written: in the factors' dtype, or fp32 where they are bf16 or fp16 on CUDA.</param>
    /// <param name="left_MK">Left factor.</param>
    /// <param name="right_KN">Right factor in the same dtype.</param>
    /// <param name="adds">Whether the result is added to; else what was there is not read.</param>
    public static void Run(Tensor result_MN, Tensor left_MK, Tensor right_KN, bool adds)
    {
        if (TriedProducts.TryRun(result_MN, left_MK, right_KN, adds))
        {
            return;
        }

        if (result_MN.dtype == left_MK.dtype)
        {
            result_MN.addmm_(left_MK, right_KN, adds ? 1f : 0f, 1f);
        }
        else
        {
            Wide.Run(adds ? "add" : "replace", result_MN, left_MK, right_KN);
        }
    }
}

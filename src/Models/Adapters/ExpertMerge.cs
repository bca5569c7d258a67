using Neoteny.Adapters;
using Neoteny.Parameters;
using static TorchSharp.torch;

namespace Neoteny.Models.Adapters;

// E experts, I input features, O output features, R rank

/// <summary>Adds deltas to a stack of matrices, one expert after another in fp32, so that a large stack is not copied in fp32 as a whole.</summary>
internal static class ExpertMerge
{
    /// <summary>The merged stack, a new tensor in the dtype of the weight.</summary>
    public static Tensor Merged(Parameter weight, IEnumerable<LowRankDelta> deltas)
    {
        using var lease = weight.Rent();
        var merged_EOI = lease.Tensor.clone();
        for (var e = 0; e < weight.Shape[0]; e++)
        {
            using var scope = NewDisposeScope();
            var slice_OI = merged_EOI.select(0, e);
            var sum_OI = slice_OI.to(ScalarType.Float32);
            foreach (var delta in deltas)
            {
                using var a = delta.A.Rent(ScalarType.Float32);
                using var b = delta.B.Rent(ScalarType.Float32);
                var a_RI = a.Tensor.view(weight.Shape[0], -1, a.Tensor.size(1)).select(0, e);
                var b_OR = b.Tensor.view(b.Tensor.size(0), -1, weight.Shape[0]).select(2, e);
                sum_OI = sum_OI.addmm(b_OR, a_RI, 1f, (float)delta.Scale);
            }

            slice_OI.copy_(sum_OI);
        }

        return merged_EOI;
    }
}

using Neoteny.Parameters;
using Neoteny.Runtime;
using static TorchSharp.torch;

namespace Neoteny.Benchmarks.Gpu;

// T tokens, H hidden, V vocabulary

/// <summary>The gradient that a mean cross-entropy leaves in the hidden states, in fp32 from the same 16-bit inputs.</summary>
internal static class ExactHidden
{
    private const long Chunk = 512;

    /// <summary>Computes it, a few tokens at a time.</summary>
    /// <param name="hidden_TH">Hidden states.</param>
    /// <param name="weight">The head <c>[V, H]</c>.</param>
    /// <param name="labels_T">Labels, none of them ignored.</param>
    public static Tensor Gradient(Tensor hidden_TH, Parameter weight, Tensor labels_T)
    {
        using var guard = no_grad();
        using var scope = NewDisposeScope();
        using var lease = weight.Rent();
        var wide_VH = lease.Tensor.to(ScalarType.Float32);
        var gradient_TH = empty(hidden_TH.shape, dtype: ScalarType.Float32, device: hidden_TH.device);
        var tokens = hidden_TH.size(0);
        for (long from = 0; from < tokens; from += Chunk)
        {
            using var inner = NewDisposeScope();
            var count = Math.Min(Chunk, tokens - from);
            var z_CV = hidden_TH.narrow(0, from, count).to(ScalarType.Float32).mm(wide_VH.t());
            var dz_CV = z_CV.softmax(-1);
            var index_C1 = labels_T.narrow(0, from, count).unsqueeze(1);
            dz_CV.scatter_add_(1, index_C1, full_like(index_C1, Scalars.Of(-1.0), dtype: ScalarType.Float32));
            gradient_TH.narrow(0, from, count).copy_(dz_CV.mm(wide_VH).div_(Scalars.Of((double)tokens)));
        }

        return gradient_TH.MoveToOuterDisposeScope();
    }
}

using Neoteny.Attention;
using static TorchSharp.torch;

namespace Neoteny.Plugins.Sdpa;

/// <summary>Which keys the queries of one document may not see.</summary>
internal static class AttentionMask
{
    /// <summary>True where a key is hidden, bool <c>[queries, keys]</c>, causal aligned bottom right; null when every query sees every key.</summary>
    public static Tensor? Hidden(AttentionSpec spec, int queries, int keys, Device device)
    {
        var causal = spec.HidesLater && queries > 1;
        var windowed = spec.Demands.HasFlag(AttentionFeatures.Window) && spec.Window < keys;
        if (!causal && !windowed)
        {
            return null;
        }

        var ones = Ones(queries, keys, device);
        var hidden = causal ? ones.triu(1 + keys - queries) : null;
        if (windowed)
        {
            var old = ones.tril(keys - queries - spec.Window);
            hidden = hidden is null ? old : hidden.logical_or(old);
        }

        return hidden;
    }

    private static Tensor Ones(int rows, int columns, Device device)
        => TorchSharp.torch.ones(rows, columns, dtype: ScalarType.Bool, device: device);
}

using Neoteny.Attention;
using static TorchSharp.torch;

namespace PluginNamespace;

/// <summary>The rows of one document in a packed row.</summary>
internal sealed record DocumentRows(long QueryStart, long QueryCount, long KeyStart, long KeyCount)
{
    /// <summary>The documents in order.</summary>
    public static IEnumerable<DocumentRows> Of(SequenceLayout layout)
    {
        long query = 0, key = 0;
        for (var i = 0; i < layout.QueryLengths.Count; i++)
        {
            yield return new DocumentRows(query, layout.QueryLengths[i], key, layout.KeyLengths[i]);
            (query, key) = (query + layout.QueryLengths[i], key + layout.KeyLengths[i]);
        }
    }

    /// <summary>Its query rows of <c>[T, Hq, D]</c> as fp32 <c>[Hq, Q, D]</c>.</summary>
    public Tensor Queries(Tensor x_THD) => x_THD.narrow(0, QueryStart, QueryCount).to(ScalarType.Float32).transpose(0, 1);

    /// <summary>Its key or value rows of <c>[S, Hk, D]</c> as fp32 <c>[Hq, K, D]</c>, each key head repeated for its query heads.</summary>
    public Tensor Keys(Tensor x_SHD, AttentionSpec spec)
        => x_SHD.narrow(0, KeyStart, KeyCount).to(ScalarType.Float32).transpose(0, 1).repeat_interleave(spec.QueryHeads / spec.KeyHeads, 0);
}

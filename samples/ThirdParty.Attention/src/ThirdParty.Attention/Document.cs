using Neoteny.Attention;
using static TorchSharp.torch;

namespace ThirdParty.Attention;

/// <summary>One document of a packed row.</summary>
/// <param name="FirstQuery">Its first row among the queries.</param>
/// <param name="Queries">How many queries it has.</param>
/// <param name="FirstKey">Its first row among the keys.</param>
/// <param name="Keys">How many keys it has.</param>
internal sealed record Document(long FirstQuery, long Queries, long FirstKey, long Keys)
{
    /// <summary>All documents, in order.</summary>
    public static IEnumerable<Document> Of(SequenceLayout layout)
    {
        long query = 0, key = 0;
        foreach (var (queries, keys) in layout.QueryLengths.Zip(layout.KeyLengths))
        {
            yield return new Document(query, queries, key, keys);
            (query, key) = (query + queries, key + keys);
        }
    }

    /// <summary>Its keys in blocks of at most so many.</summary>
    public IEnumerable<KeyBlock> Blocks(int most)
    {
        for (long start = 0; start < Keys; start += most)
        {
            yield return new KeyBlock(this, start, Math.Min(most, Keys - start));
        }
    }

    /// <summary>Its query rows of <c>[T, Hq, D]</c> as fp32 <c>[Hq, Q, D]</c>.</summary>
    public Tensor QueryRows(Tensor x_THD) => x_THD.narrow(0, FirstQuery, Queries).to(ScalarType.Float32).transpose(0, 1);
}

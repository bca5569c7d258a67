using Neoteny.Attention;

namespace Neoteny.Plugins.Sdpa;

/// <summary>Neighbouring documents of one length, which run as one batch without copying.</summary>
/// <param name="Count">Documents.</param>
/// <param name="Queries">Queries of each.</param>
/// <param name="Keys">Keys of each.</param>
/// <param name="QueryStart">First query row.</param>
/// <param name="KeyStart">First key row.</param>
internal readonly record struct DocumentRun(int Count, int Queries, int Keys, int QueryStart, int KeyStart)
{
    public int QueryRows => Count * Queries;

    public int KeyRows => Count * Keys;

    public static IEnumerable<DocumentRun> Of(SequenceLayout layout)
    {
        var (queryStart, keyStart) = (0, 0);
        for (var i = 0; i < layout.QueryLengths.Count;)
        {
            var (queries, keys, count) = (layout.QueryLengths[i], layout.KeyLengths[i], 0);
            for (; i < layout.QueryLengths.Count && layout.QueryLengths[i] == queries && layout.KeyLengths[i] == keys; i++)
            {
                count++;
            }

            yield return new DocumentRun(count, queries, keys, queryStart, keyStart);
            queryStart += count * queries;
            keyStart += count * keys;
        }
    }
}

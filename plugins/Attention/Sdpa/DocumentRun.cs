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

    /// <summary>All documents of a row, in order.</summary>
    /// <param name="layout">The row.</param>
    /// <param name="mostScores">The most pairs of queries and keys in one run; a document with more is a run of its own.</param>
    public static IEnumerable<DocumentRun> Of(SequenceLayout layout, long mostScores = long.MaxValue)
    {
        var (queryStart, keyStart) = (0, 0);
        for (var i = 0; i < layout.QueryLengths.Count;)
        {
            var (queries, keys, count) = (layout.QueryLengths[i], layout.KeyLengths[i], 0);
            for (; i < layout.QueryLengths.Count && layout.QueryLengths[i] == queries && layout.KeyLengths[i] == keys; i++)
            {
                if (count > 0 && (count + 1L) * queries * keys > mostScores)
                {
                    break;
                }

                count++;
            }

            yield return new DocumentRun(count, queries, keys, queryStart, keyStart);
            queryStart += count * queries;
            keyStart += count * keys;
        }
    }
}

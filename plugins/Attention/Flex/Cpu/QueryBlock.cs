using Neoteny.Attention;

namespace Neoteny.Plugins.Flex.Cpu;

/// <summary>Some neighbouring queries of one document, and the keys that they may see.</summary>
/// <param name="Document">The document's number.</param>
/// <param name="Row">The first query row.</param>
/// <param name="Queries">Queries.</param>
/// <param name="Position">The position of the first query in its document.</param>
/// <param name="KeyRow">The first key row.</param>
/// <param name="Keys">Keys.</param>
/// <param name="FirstKey">The position of the first key in its document.</param>
/// <param name="Length">Keys of the document.</param>
internal readonly record struct QueryBlock(int Document, int Row, int Queries, int Position, int KeyRow, int Keys, int FirstKey, int Length)
{
    private const int Rows = 128;

    /// <summary>All blocks of a row. Keys beyond the causal diagonal of the last query and before the window of the first are left out.</summary>
    public static IEnumerable<QueryBlock> Of(SequenceLayout layout, LayerProgram program)
    {
        var (row, key) = (0, 0);
        for (var document = 0; document < layout.QueryLengths.Count; document++)
        {
            var (queries, keys) = (layout.QueryLengths[document], layout.KeyLengths[document]);
            for (var i = 0; i < queries; i += Rows)
            {
                var (count, position) = (Math.Min(Rows, queries - i), i + keys - queries);
                var first = program.Window > 0 ? Math.Clamp(position - program.Window + 1, 0, keys - 1) : 0;
                var end = program.Causal ? position + count : keys;
                yield return new QueryBlock(document, row + i, count, position, key + first, end - first, first, keys);
            }

            (row, key) = (row + queries, key + keys);
        }
    }
}

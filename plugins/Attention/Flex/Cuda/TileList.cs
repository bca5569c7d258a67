using Neoteny.Attention;

namespace Neoteny.Plugins.Flex.Cuda;

/// <summary>Tiles of queries and of keys, none of which reaches over a document's end; eight numbers each, as FlexBlocks.cu says.</summary>
internal sealed class TileList
{
    public List<int> Queries { get; } = [];

    public List<int> Keys { get; } = [];

    public int[] QueryOrder { get; private set; } = [];

    public int[] KeyOrder { get; private set; } = [];

    /// <summary>Pairs of a tile of queries and a block of keys of one document.</summary>
    public int Blocks { get; private set; }

    public static TileList Of(SequenceLayout layout, BlockSize size)
    {
        var list = new TileList();
        List<int> queryWork = [], keyWork = [];
        var (query, key, tile) = (0, 0, 0);
        for (var document = 0; document < layout.QueryLengths.Count; document++)
        {
            var (queries, keys) = (layout.QueryLengths[document], layout.KeyLengths[document]);
            var (tiles, blocks) = (Count(queries, size.Queries), Count(keys, size.Keys));
            for (var i = 0; i < tiles; i++)
            {
                var (first, count) = (i * size.Queries, Math.Min(size.Queries, queries - (i * size.Queries)));
                list.Queries.AddRange([query + first, count, key, keys, first + keys - queries, document, list.Blocks + (i * blocks), blocks]);
                queryWork.Add(first + keys - queries);
            }

            for (var i = 0; i < blocks; i++)
            {
                var first = i * size.Keys;
                list.Keys.AddRange([key + first, Math.Min(size.Keys, keys - first), first, keys, document, list.Blocks + (i * tiles), tile, tiles]);
                keyWork.Add(keys - first);
            }

            list.Blocks = checked(list.Blocks + (tiles * blocks));
            (query, key, tile) = (query + queries, key + keys, tile + tiles);
        }

        (list.QueryOrder, list.KeyOrder) = (Longest(queryWork), Longest(keyWork));
        return list;
    }

    private static int Count(int length, int size) => (length + size - 1) / size;

    private static int[] Longest(List<int> work) => [.. Enumerable.Range(0, work.Count).OrderByDescending(i => work[i])];
}

namespace Neoteny.Models.Tokenizers.Algorithms;

/// <summary>A trie over UTF-16 units; finds every vocabulary entry that a text begins with.</summary>
internal sealed class PieceTrie
{
    private readonly Dictionary<long, int> edges = [];
    private readonly List<int> entries = [-1];

    public void Add(string piece, int id)
    {
        var node = 0;
        foreach (var unit in piece)
        {
            if (!edges.TryGetValue(Key(node, unit), out var next))
            {
                next = entries.Count;
                edges[Key(node, unit)] = next;
                entries.Add(-1);
            }

            node = next;
        }

        entries[node] = id;
    }

    /// <summary>The node reached by one more unit, or -1; begin with 0.</summary>
    public int Follow(int node, char unit) => edges.GetValueOrDefault(Key(node, unit), -1);

    /// <summary>The entry that ends at the node, or -1.</summary>
    public int EntryAt(int node) => entries[node];

    private static long Key(int node, char unit) => (long)node << 16 | unit;
}

namespace Neoteny.Models.Tokenizers.Algorithms;

/// <summary>Which neighbours join, how early, and into what.</summary>
internal sealed class MergeTable(int capacity)
{
    private readonly Dictionary<long, (int Rank, int Id)> merges = new(capacity);

    public void Add(int left, int right, int rank, int id) => merges[Key(left, right)] = (rank, id);

    public bool TryGet(int left, int right, out (int Rank, int Id) merge) => merges.TryGetValue(Key(left, right), out merge);

    private static long Key(int left, int right) => (long)left << 32 | (uint)right;
}

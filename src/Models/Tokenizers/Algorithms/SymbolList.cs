namespace Neoteny.Models.Tokenizers.Algorithms;

/// <summary>The symbols of a piece while they are merged: a linked list over arrays, joined in order of rank, then of place.</summary>
/// <remarks>Byte-pair encoding, Sennrich et al. 2016 (arXiv:1508.07909); a heap of candidate pairs keeps it at n log n.</remarks>
internal sealed class SymbolList(int capacity)
{
    private readonly List<Symbol> symbols = new(capacity);

    public void Add(int id, int start, int end) =>
        symbols.Add(new Symbol { Id = id, Start = start, End = end, Previous = symbols.Count - 1, Next = symbols.Count + 1 });

    public Word Merge(MergeTable merges)
    {
        var queue = new PriorityQueue<(int Left, int LeftId, int RightId, int Id), long>(symbols.Count);
        for (var i = 0; i + 1 < symbols.Count; i++)
            Propose(i, i + 1, merges, queue);
        while (queue.TryDequeue(out var join, out _))
        {
            var left = symbols[join.Left];
            if (left.Id != join.LeftId || left.Next >= symbols.Count || symbols[left.Next].Id != join.RightId)
                continue;
            Join(join.Left, left, join.Id);
            if (left.Previous >= 0)
                Propose(left.Previous, join.Left, merges, queue);
            if (symbols[join.Left].Next < symbols.Count)
                Propose(join.Left, symbols[join.Left].Next, merges, queue);
        }

        return Collect();
    }

    private void Propose(int left, int right, MergeTable merges, PriorityQueue<(int, int, int, int), long> queue)
    {
        var (leftId, rightId) = (symbols[left].Id, symbols[right].Id);
        if (merges.TryGet(leftId, rightId, out var merge))
            queue.Enqueue((left, leftId, rightId, merge.Id), (long)merge.Rank << 32 | (uint)left);
    }

    private void Join(int at, Symbol left, int id)
    {
        var right = symbols[left.Next];
        symbols[left.Next] = right with { Id = -1 };
        if (right.Next < symbols.Count)
            symbols[right.Next] = symbols[right.Next] with { Previous = at };
        symbols[at] = left with { Id = id, End = right.End, Next = right.Next };
    }

    private Word Collect()
    {
        var kept = symbols.Count(symbol => symbol.Id >= 0);
        var word = new Word(new int[kept], new int[kept], new int[kept]);
        for (var (i, to) = (0, 0); i < symbols.Count; i = symbols[i].Next, to++)
            (word.Ids[to], word.Starts[to], word.Ends[to]) = (symbols[i].Id, symbols[i].Start, symbols[i].End);
        return word;
    }

    private readonly record struct Symbol(int Id, int Start, int End, int Previous, int Next);
}

using System.Runtime.InteropServices;
using System.Text;

namespace Neoteny.Models.Tokenizers.Algorithms;

/// <summary>The words as symbols, with the number of every pair of neighbours kept up to date while pairs join.</summary>
internal sealed class MergeLearner
{
    private readonly (int[] Symbols, long Count)[] words;
    private readonly Dictionary<(int Left, int Right), long> counts = [];
    private readonly Dictionary<(int Left, int Right), HashSet<int>> places = [];
    private readonly PriorityQueue<(int Left, int Right), (long Count, int Left, int Right)> queue = new();

    public MergeLearner(IReadOnlyList<(string Word, long Count)> counted, int[] symbols)
    {
        words = new (int[], long)[counted.Count];
        for (var i = 0; i < words.Length; i++)
        {
            words[i] = ([.. Encoding.UTF8.GetBytes(counted[i].Word).Select(value => symbols[value])], counted[i].Count);
            for (var at = 0; at + 1 < words[i].Symbols.Length; at++)
                Change((words[i].Symbols[at], words[i].Symbols[at + 1]), words[i].Count, i);
        }

        foreach (var pair in counts.Keys)
            Enqueue(pair);
    }

    /// <summary>The most frequent pair, or null where none occurs twice.</summary>
    public (int Left, int Right)? Best()
    {
        while (queue.TryDequeue(out var pair, out var priority))
        {
            var count = counts.GetValueOrDefault(pair);
            if (count < 2)
                continue;
            if (count == -priority.Count)
                return pair;
            // The count fell since: try again in its new place.
            Enqueue(pair);
        }

        return null;
    }

    /// <summary>Writes <paramref name="joined"/> wherever the pair stands.</summary>
    public void Join((int Left, int Right) pair, int joined)
    {
        var grown = new HashSet<(int, int)>();
        foreach (var index in places[pair])
        {
            var (symbols, count) = words[index];
            var after = Joined(symbols, pair, joined);
            if (after.Length == symbols.Length)
                continue;
            for (var at = 0; at + 1 < symbols.Length; at++)
                Change((symbols[at], symbols[at + 1]), -count, null);
            for (var at = 0; at + 1 < after.Length; at++)
            {
                Change((after[at], after[at + 1]), count, index);
                if (after[at] == joined || after[at + 1] == joined)
                    grown.Add((after[at], after[at + 1]));
            }

            words[index] = (after, count);
        }

        places.Remove(pair);
        counts.Remove(pair);
        foreach (var candidate in grown)
            Enqueue(candidate);
    }

    private static int[] Joined(int[] symbols, (int Left, int Right) pair, int joined)
    {
        var after = new int[symbols.Length];
        var length = 0;
        for (var at = 0; at < symbols.Length; at++)
        {
            var matches = at + 1 < symbols.Length && symbols[at] == pair.Left && symbols[at + 1] == pair.Right;
            after[length++] = matches ? joined : symbols[at];
            at += matches ? 1 : 0;
        }

        return after[..length];
    }

    private void Change((int Left, int Right) pair, long by, int? word)
    {
        CollectionsMarshal.GetValueRefOrAddDefault(counts, pair, out _) += by;
        if (word is not { } index)
            return;
        ref var set = ref CollectionsMarshal.GetValueRefOrAddDefault(places, pair, out _);
        (set ??= []).Add(index);
    }

    // Counts are negated: the queue hands out the smallest first.
    private void Enqueue((int Left, int Right) pair) => queue.Enqueue(pair, (-counts[pair], pair.Left, pair.Right));
}

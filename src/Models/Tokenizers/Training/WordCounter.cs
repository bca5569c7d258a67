using System.Runtime.InteropServices;
using Neoteny.Models.Tokenizers.Patterns;

namespace Neoteny.Models.Tokenizers.Algorithms;

/// <summary>Counts the words of a text, in the order in which they first occur.</summary>
internal sealed class WordCounter
{
    private readonly SplitPattern pattern;
    private readonly Dictionary<string, int> indices = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> spans;
    private readonly List<(string Word, long Count)> counts = [];
    private string current = "";

    public WordCounter(SplitPattern pattern)
    {
        this.pattern = pattern;
        spans = indices.GetAlternateLookup<ReadOnlySpan<char>>();
    }

    public IReadOnlyList<(string Word, long Count)> Counts => counts;

    public void Add(string text)
    {
        current = text;
        pattern.Matches(text, this, static (counter, start, end) => counter.Count(start, end));
    }

    private void Count(int start, int end)
    {
        ref var index = ref CollectionsMarshal.GetValueRefOrAddDefault(spans, current.AsSpan(start, end - start), out var known);
        if (known)
        {
            CollectionsMarshal.AsSpan(counts)[index].Count++;
            return;
        }

        index = counts.Count;
        counts.Add((current[start..end], 1));
    }
}

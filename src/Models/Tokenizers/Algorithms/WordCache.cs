using System.Collections.Concurrent;

namespace Neoteny.Models.Tokenizers.Algorithms;

/// <summary>Remembers the tokens of pieces already seen: text repeats its words. Bounded in number and in length of the pieces.</summary>
internal sealed class WordCache
{
    private const int MostWords = 1 << 17;
    private const int LongestWord = 64;
    private readonly ConcurrentDictionary<string, Word> words = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, Word>.AlternateLookup<ReadOnlySpan<char>> spans;
    private int count;

    public WordCache() => spans = words.GetAlternateLookup<ReadOnlySpan<char>>();

    public bool TryGet(ReadOnlySpan<char> piece, out Word? word) => spans.TryGetValue(piece, out word);

    public void Add(ReadOnlySpan<char> piece, Word word)
    {
        if (piece.Length > LongestWord || Volatile.Read(ref count) >= MostWords)
            return;
        if (spans.TryAdd(piece, word))
            Interlocked.Increment(ref count);
    }
}

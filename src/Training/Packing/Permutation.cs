namespace Neoteny.Training.Packing;

/// <summary>Random orders that depend on a key alone.</summary>
internal static class Permutation
{
    /// <summary>A random order of 0 to <paramref name="count"/> - 1.</summary>
    public static int[] Of(int count, ulong key)
    {
        var order = Enumerable.Range(0, count).ToArray();
        Shuffle<int>(order, key);
        return order;
    }

    /// <summary>Shuffles in place (Fisher and Yates).</summary>
    public static void Shuffle<T>(Span<T> items, ulong key)
    {
        for (var i = items.Length - 1; i > 0; i--)
        {
            var j = (int)Math.BigMul(CounterRandom.At(key, (ulong)i), (ulong)i + 1, out _);
            (items[i], items[j]) = (items[j], items[i]);
        }
    }
}

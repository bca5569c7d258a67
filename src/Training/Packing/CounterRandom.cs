namespace Neoteny.Training.Packing;

/// <summary>Random numbers that are a function of their counter, so that a resumed run draws the same ones.</summary>
/// <remarks>The mixer is the finalizer of splitmix64 (Steele, Lea, Flood 2014).</remarks>
public static class CounterRandom
{
    /// <summary>A key of a seed and any counters (epoch, step, micro-batch).</summary>
    public static ulong Key(long seed, params ReadOnlySpan<long> counters)
    {
        var key = Mix((ulong)seed);
        foreach (var counter in counters)
            key = Mix(key ^ (ulong)counter);
        return key;
    }

    /// <summary>The number at <paramref name="counter"/> of the sequence of <paramref name="key"/>.</summary>
    public static ulong At(ulong key, ulong counter) => Mix(key + (counter * 0x9E3779B97F4A7C15UL));

    private static ulong Mix(ulong z)
    {
        z += 0x9E3779B97F4A7C15UL;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9UL;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBUL;
        return z ^ (z >> 31);
    }
}

namespace Neoteny.Models.Generation;

/// <summary>Keys and values of one sequence, kept from one generation to the next, so that a prompt that begins like it is not read again.</summary>
/// <remarks>A conversation is such a sequence: each prompt repeats all turns before it. One compute thread; belongs to one model.</remarks>
public sealed class PromptMemory : IDisposable
{
    private readonly KeyValueCache cache = new(1);
    private int[] ids = [];

    /// <summary>Tokens held.</summary>
    public int Length => cache.Lengths[0];

    /// <summary>Forgets everything.</summary>
    public void Clear()
    {
        cache.Clear();
        ids = [];
    }

    /// <summary>Frees everything held.</summary>
    public void Dispose() => cache.Dispose();

    /// <summary>Keeps what <paramref name="prompt"/> begins with, but not its last token, whose logits are wanted.</summary>
    internal KeyValueCache RewindTo(ReadOnlySpan<int> prompt)
    {
        cache.Truncate(0, Math.Min(ids.AsSpan().CommonPrefixLength(prompt), prompt.Length - 1));
        return cache;
    }

    /// <summary>Notes which tokens the cache holds now.</summary>
    internal void Remember(IEnumerable<int> sequence) => ids = [.. sequence.Take(Length)];
}

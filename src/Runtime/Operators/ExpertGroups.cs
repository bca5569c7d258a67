using static TorchSharp.torch;

namespace Neoteny.Runtime.Operators;

/// <summary>The assignments of a row, grouped by expert: a stable counting sort of the chosen indices.</summary>
/// <remarks>T tokens, k experts a token, N = T * k assignments. Made on the host, so a GPU waits for the indices once.</remarks>
public sealed class ExpertGroups
{
    private ExpertGroups(int[] counts, Tensor slots, Tensor tokens) => (Counts, Slots_N, Tokens_N) = (counts, slots, tokens);

    /// <summary>Assignments of each expert.</summary>
    public IReadOnlyList<int> Counts { get; }

    /// <summary>The assignments in the order of experts, int64 <c>[N]</c>: positions in the flattened <c>[T, k]</c>.</summary>
    public Tensor Slots_N { get; }

    /// <summary>Their tokens, int64 <c>[N]</c>.</summary>
    public Tensor Tokens_N { get; }

    /// <summary>Groups chosen indices.</summary>
    /// <param name="experts_TK">Chosen experts, int64 <c>[T, k]</c>.</param>
    /// <param name="expertCount">Experts.</param>
    /// <exception cref="ArgumentException">An index is out of range.</exception>
    public static ExpertGroups Of(Tensor experts_TK, int expertCount)
    {
        var chosen = experts_TK.cpu().contiguous().data<long>().ToArray();
        if (chosen.FirstOrDefault(e => e < 0 || e >= expertCount, -1) is >= 0 or < -1)
        {
            throw new ArgumentException($"experts: an index is {chosen.First(e => e < 0 || e >= expertCount)}, but there are {expertCount} experts.");
        }

        var counts = new int[expertCount];
        foreach (var expert in chosen)
        {
            counts[expert]++;
        }

        var next = new int[expertCount];
        for (var e = 1; e < expertCount; e++)
        {
            next[e] = next[e - 1] + counts[e - 1];
        }

        long[] slots = new long[chosen.Length], tokens = new long[chosen.Length];
        for (var i = 0; i < chosen.Length; i++)
        {
            var at = next[chosen[i]]++;
            (slots[at], tokens[at]) = (i, i / experts_TK.size(1));
        }

        return new ExpertGroups(counts, tensor(slots, device: experts_TK.device), tensor(tokens, device: experts_TK.device));
    }

    /// <summary>The groups again from what was kept of them.</summary>
    internal static ExpertGroups From(int[] counts, Tensor slots_N, Tensor tokens_N) => new(counts, slots_N, tokens_N);

    /// <summary>The experts that have assignments, and where theirs begin.</summary>
    internal IEnumerable<(int Expert, int Start, int Count)> Occupied()
    {
        var start = 0;
        for (var e = 0; e < Counts.Count; start += Counts[e], e++)
        {
            if (Counts[e] > 0)
            {
                yield return (e, start, Counts[e]);
            }
        }
    }
}

using Neoteny.Attention;
using Neoteny.Autograd;
using Neoteny.Modules;
using static TorchSharp.torch;

namespace Neoteny.Models.Generation;

/// <summary>Keys and values of several sequences in the packed layout: sequences of any length side by side, no padding.</summary>
/// <remarks>
/// Use: <see cref="Extend"/> announces the new tokens of each sequence and gives the layout of the row; the model's layers then append to
/// it. A single sequence is handed out as a view of its buffer; of several, each layer sees a packed copy that lives for that layer only.
/// One compute thread.
/// </remarks>
public sealed class KeyValueCache : IKeyValueCache, IDisposable
{
    private readonly List<List<CachedSequence>> layers = [];
    private List<int> lengths;
    private IReadOnlyList<int> added = [];

    /// <summary>Creates an empty cache.</summary>
    /// <param name="sequences">How many sequences it will hold.</param>
    public KeyValueCache(int sequences) => lengths = [.. Enumerable.Repeat(0, sequences)];

    /// <summary>Tokens held of each sequence.</summary>
    public IReadOnlyList<int> Lengths => lengths;

    /// <summary>Announces the next row.</summary>
    /// <param name="newTokens">How many tokens each sequence gets, at least 1.</param>
    /// <param name="device">Where the model runs; null for the CPU.</param>
    /// <returns>The row's layout; the caller disposes it.</returns>
    public SequenceLayout Extend(IReadOnlyList<int> newTokens, Device? device = null)
    {
        if (newTokens.Count != lengths.Count)
        {
            throw new ArgumentException($"The cache holds {lengths.Count} sequences, but {newTokens.Count} are to be extended.", nameof(newTokens));
        }

        added = newTokens;
        lengths = [.. lengths.Zip(newTokens, (a, b) => a + b)];
        return SequenceLayout.OfBatch(newTokens, lengths, device);
    }

    /// <inheritdoc/>
    public (Value Key, Value Value) Append(Tape tape, int layer, Value key, Value value)
    {
        if (tape.IsRecording)
        {
            throw new InvalidOperationException("A key-value cache serves generation; a recording tape would lose the gradients of earlier tokens.");
        }

        while (layers.Count <= layer)
        {
            layers.Add([.. lengths.Select(_ => new CachedSequence())]);
        }

        var all = tape.ApplyMany(new CacheAppend(layers[layer], added), key.Donate(), value.Donate());
        return (all[0], all[1]);
    }

    /// <summary>Drops sequences that are complete; the others move up.</summary>
    /// <param name="keep">Whether each sequence stays.</param>
    public void Keep(IReadOnlyList<bool> keep)
    {
        foreach (var layer in layers)
        {
            for (var i = layer.Count - 1; i >= 0; i--)
            {
                if (!keep[i])
                {
                    layer[i].Dispose();
                    layer.RemoveAt(i);
                }
            }
        }

        lengths = [.. lengths.Where((_, i) => keep[i])];
    }

    /// <summary>Forgets what sequence <paramref name="sequence"/> holds beyond its first <paramref name="tokens"/> tokens.</summary>
    public void Truncate(int sequence, int tokens)
    {
        layers.ForEach(l => l[sequence].Truncate(tokens));
        lengths[sequence] = Math.Min(lengths[sequence], tokens);
    }

    /// <summary>Forgets all tokens; the sequences stay.</summary>
    public void Clear()
    {
        layers.ForEach(l => l.ForEach(s => s.Dispose()));
        layers.Clear();
        lengths = [.. lengths.Select(_ => 0)];
    }

    /// <summary>Frees everything held.</summary>
    public void Dispose()
    {
        Clear();
        lengths = [];
    }
}

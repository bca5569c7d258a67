using TorchSharp;
using static TorchSharp.torch;

namespace Neoteny.Attention;

/// <summary>Where the documents of a packed row begin and end, for queries and keys apart.</summary>
/// <remarks>
/// Query and key lengths differ with a key-value cache and in ring attention; the causal diagonal is then aligned bottom right: the last
/// query of a document sees its last key. Immutable; the host disposes it after the step.
/// </remarks>
public sealed class SequenceLayout : IDisposable
{
    private readonly Dictionary<object, IDisposable> derived = [];

    private readonly LayoutCapacity? capacity;

    private SequenceLayout(int[] queries, int[] keys, Device device, bool isBatch, LayoutCapacity? capacity = null)
    {
        (QueryLengths, KeyLengths, IsBatch, this.capacity) = (queries, keys, isBatch, capacity);
        (QueryOffsets, KeyOffsets) = (Offsets(queries, device), Offsets(keys, device));
    }

    /// <summary>Documents attending to themselves.</summary>
    /// <param name="lengths">Tokens of each document, each at least 1.</param>
    /// <param name="device">Where the offset tensors live; null for the CPU.</param>
    public static SequenceLayout Of(IReadOnlyList<int> lengths, Device? device = null) => Of(lengths, lengths, device);

    /// <summary>Documents whose queries attend to more keys than there are queries.</summary>
    /// <param name="queryLengths">New tokens of each document.</param>
    /// <param name="keyLengths">Keys of each document, at least as many.</param>
    /// <param name="device">Where the offset tensors live; null for the CPU.</param>
    public static SequenceLayout Of(IReadOnlyList<int> queryLengths, IReadOnlyList<int> keyLengths, Device? device = null)
        => Make(queryLengths, keyLengths, device, isBatch: false);

    /// <summary>The rows of one batch, as documents: see <see cref="IsBatch"/>.</summary>
    /// <param name="queryLengths">New tokens of each row.</param>
    /// <param name="keyLengths">Keys of each row, at least as many.</param>
    /// <param name="device">Where the offset tensors live; null for the CPU.</param>
    public static SequenceLayout OfBatch(IReadOnlyList<int> queryLengths, IReadOnlyList<int> keyLengths, Device? device = null)
        => Make(queryLengths, keyLengths, device, isBatch: true);

    private static SequenceLayout Make(IReadOnlyList<int> queryLengths, IReadOnlyList<int> keyLengths, Device? device, bool isBatch)
    {
        if (queryLengths.Count != keyLengths.Count || queryLengths.Where((q, i) => q < 1 || keyLengths[i] < q).Any())
        {
            throw new ArgumentException("Every document needs at least one query and at least as many keys as queries.");
        }

        return new SequenceLayout([.. queryLengths], [.. keyLengths], device ?? CPU, isBatch);
    }

    /// <summary>
    /// Whether the documents are rows of one batch. Rotary scalings that depend on the length (dynamic NTK, LongRoPE) then go by the longest of them, as batches of padded
    /// rows do elsewhere; otherwise each document has the frequencies that it has alone. Attention is the same.
    /// </summary>
    public bool IsBatch { get; }

    /// <summary>Queries of each document.</summary>
    public IReadOnlyList<int> QueryLengths { get; }

    /// <summary>Keys of each document.</summary>
    public IReadOnlyList<int> KeyLengths { get; }

    /// <summary>Cumulative query lengths, int32 <c>[documents + 1]</c>, on the activations' device.</summary>
    public Tensor QueryOffsets { get; }

    /// <summary>Cumulative key lengths, int32 <c>[documents + 1]</c>, on the activations' device.</summary>
    public Tensor KeyOffsets { get; }

    /// <summary>All queries: the rows of the activations.</summary>
    public int Tokens => QueryLengths.Sum();

    /// <summary>All keys.</summary>
    public int Keys => KeyLengths.Sum();

    /// <summary>The most queries of one document; of a layout with a capacity, the most that there is room for.</summary>
    public int MaxQueryLength => capacity?.Length ?? QueryLengths.Max();

    /// <summary>The most keys of one document; of a layout with a capacity, the most that there is room for.</summary>
    public int MaxKeyLength => capacity?.Length ?? KeyLengths.Max();

    /// <summary>What a kernel derives from these documents (tables of offsets, lists of blocks): made once, shared by all layers, freed with the layout.</summary>
    /// <typeparam name="T">What is derived.</typeparam>
    /// <param name="key">Tells it from everything else; compared by value, so a record of the kernel is a good one.</param>
    /// <param name="make">Makes it. Tensors in it must be detached from the dispose scope.</param>
    /// <remarks>For the compute thread. It should be made by operations of the device from the offset tensors, without waiting for the device.</remarks>
    public T Derived<T>(object key, Func<SequenceLayout, T> make)
        where T : class, IDisposable
    {
        if (!derived.TryGetValue(key, out var value))
        {
            derived[key] = value = make(this);
        }

        return (T)value;
    }

    /// <summary>The same documents followed by empty ones, with tensors of its own: what captured attention is given (<see cref="IAttention.CapacityFor"/>).</summary>
    /// <param name="room">How many documents there are then, and how long they may be.</param>
    /// <exception cref="ArgumentException">There are more documents than there is room for, or longer ones.</exception>
    public SequenceLayout WithRoom(LayoutCapacity room) => new(Filled(QueryLengths, room), Filled(KeyLengths, room), QueryOffsets.device, IsBatch, room);

    /// <summary>Puts other documents in the place of these in the offset tensors, for work that is captured; lengths on the host and what was derived stay as they are.</summary>
    /// <param name="other">Documents of as many tokens.</param>
    /// <exception cref="ArgumentException">There are more documents than there is room for, or longer ones.</exception>
    /// <exception cref="InvalidOperationException">The layout was not made by <see cref="WithRoom"/>.</exception>
    public void Refill(SequenceLayout other)
    {
        var room = capacity ?? throw new InvalidOperationException("Only a layout made by WithRoom can be refilled.");
        using var queries = Offsets(Filled(other.QueryLengths, room), QueryOffsets.device);
        QueryOffsets.copy_(queries);
        using var keys = Offsets(Filled(other.KeyLengths, room), QueryOffsets.device);
        KeyOffsets.copy_(keys);
    }

    /// <summary>Frees the offset tensors and what was derived.</summary>
    public void Dispose()
    {
        foreach (var value in derived.Values)
        {
            value.Dispose();
        }

        derived.Clear();
        QueryOffsets.Dispose();
        KeyOffsets.Dispose();
    }

    private static int[] Filled(IReadOnlyList<int> lengths, LayoutCapacity room)
        => lengths.Count <= room.Documents && lengths.Max() <= room.Length ? [.. lengths, .. Enumerable.Repeat(0, room.Documents - lengths.Count)]
            : throw new ArgumentException($"There is room for {room.Documents} documents of up to {room.Length} tokens, not for {lengths.Count} of up to {lengths.Max()}.");

    private static Tensor Offsets(int[] lengths, Device device)
    {
        var offsets = new int[lengths.Length + 1];
        for (var i = 0; i < lengths.Length; i++)
        {
            offsets[i + 1] = offsets[i] + lengths[i];
        }

        return Batches.HostData.Upload(tensor(offsets, dtype: ScalarType.Int32), device);
    }
}

using Neoteny.Training.Data;

namespace Neoteny.Training.Packing;

/// <summary>Puts the documents of each epoch in order and into micro-batches; a function of the seed and the epoch alone.</summary>
/// <param name="documents">The documents.</param>
/// <param name="shape">How they are put together.</param>
/// <param name="seed">The run's seed.</param>
public sealed class EpochPlanner(IReadOnlyList<Document> documents, BatchShape shape, long seed)
{
    private readonly Dictionary<int, int> counts = [];
    private EpochPlan? last;

    /// <summary>The documents.</summary>
    public IReadOnlyList<Document> Documents => documents;

    /// <summary>How they are put together.</summary>
    public BatchShape Shape => shape;

    /// <summary>The plan of an epoch. The last one asked for is kept.</summary>
    public EpochPlan Plan(int epoch)
    {
        if (last?.Epoch != epoch)
        {
            last = Make(epoch);
            counts[epoch] = last.MicroBatches.Count;
        }

        return last;
    }

    /// <summary>The number of micro-batches of an epoch.</summary>
    public int Count(int epoch) => counts.TryGetValue(epoch, out var count) ? count : Plan(epoch).MicroBatches.Count;

    private EpochPlan Make(int epoch)
    {
        var order = shape.Shuffle ? Permutation.Of(documents.Count, CounterRandom.Key(seed, epoch, 0)) : [.. Enumerable.Range(0, documents.Count)];
        int[][] rows = shape.Packing
            ? [.. order.Chunk(shape.PackingGroup).SelectMany(g => FirstFitDecreasing.Pack(g, i => documents[i].Length, shape.SequenceLength))]
            : [.. order.Select(i => new[] { i })];
        if (shape is { Packing: true, Shuffle: true })
        {
            // Rows come out of packing with the longest documents first.
            Permutation.Shuffle<int[]>(rows, CounterRandom.Key(seed, epoch, 1));
        }

        var efficiency = shape.Packing ? documents.Sum(d => (double)d.Length) / ((double)rows.Length * shape.SequenceLength) : 1;
        return new EpochPlan(epoch, [.. rows.Chunk(shape.MicroBatchSize)], efficiency);
    }
}

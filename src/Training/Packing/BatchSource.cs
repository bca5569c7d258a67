using Neoteny.Batches;
using static TorchSharp.torch;

namespace Neoteny.Training.Packing;

/// <summary>Draws micro-batches in the planned order.</summary>
/// <param name="planner">The plans.</param>
/// <param name="microBatchesPerStep">Micro-batches of an optimizer step.</param>
/// <param name="device">Where the batches' tensors go.</param>
public sealed class BatchSource(EpochPlanner planner, int microBatchesPerStep, Device device)
{
    /// <summary>Where the next step starts; set it to go on from a checkpoint.</summary>
    public DataPosition Position { get; set; }

    /// <summary>Whether the last step drawn ended an epoch.</summary>
    public bool IsAtEpochStart => Position.MicroBatch == 0;

    /// <summary>Epochs passed, with the fraction of the current one.</summary>
    public double Epoch => Position.Epoch + ((double)Position.MicroBatch / planner.Count(Position.Epoch));

    /// <summary>How full the rows of the first epoch are.</summary>
    public double Efficiency => planner.Plan(0).Efficiency;

    /// <summary>The optimizer steps of an epoch; its last one may have fewer micro-batches.</summary>
    public int StepsOf(int epoch) => (planner.Count(epoch) + microBatchesPerStep - 1) / microBatchesPerStep;

    /// <summary>Draws the micro-batches of one optimizer step. The caller disposes them.</summary>
    public IReadOnlyList<MicroBatch> Draw()
    {
        var all = planner.Plan(Position.Epoch).MicroBatches;
        var end = Math.Min(Position.MicroBatch + microBatchesPerStep, all.Count);
        var drawn = new List<MicroBatch>(end - Position.MicroBatch);
        for (var i = Position.MicroBatch; i < end; i++)
            drawn.Add(Make(all[i]));
        Position = end == all.Count ? new DataPosition(Position.Epoch + 1, 0) : Position with { MicroBatch = end };
        return drawn;
    }

    /// <summary>Draws every micro-batch of the first epoch one after another, for evaluation. The caller disposes each.</summary>
    public IEnumerable<MicroBatch> All() => planner.Plan(0).MicroBatches.Select(Make);

    private MicroBatch Make(IReadOnlyList<int[]> rows)
    {
        var packed = new List<(long[] Ids, long[] Labels)>();
        var padding = new List<int>();
        foreach (var row in rows)
        {
            foreach (var document in row.Select(i => planner.Documents[i]))
                packed.Add(([.. document.Ids.Select(i => (long)i)], [.. document.Labels.Select(l => (long)l)]));

            var free = planner.Shape.SequenceLength - row.Sum(i => planner.Documents[i].Length);
            if (planner.Shape.PadRows && free > 0)
            {
                padding.Add(packed.Count);
                packed.Add((new long[free], [.. Enumerable.Repeat(MicroBatch.Ignored, free)]));
            }
        }

        return MicroBatch.Pack(packed, device, padding);
    }
}

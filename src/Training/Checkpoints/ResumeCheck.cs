namespace Neoteny.Training.Checkpoints;

/// <summary>Finds why a resumed run would not be bit-equal to an uninterrupted one.</summary>
internal static class ResumeCheck
{
    /// <summary>One sentence for each difference between a checkpoint and the run that goes on from it.</summary>
    public static IEnumerable<string> Differences(TrainerState saved, TrainerState now)
    {
        if (saved.Threads != now.Threads)
            yield return $"The checkpoint was computed with {saved.Threads} threads, this run uses {now.Threads}: sums are taken in another order, so results differ in their last bits.";
        if (saved.Seed != now.Seed)
            yield return $"The checkpoint's seed is {saved.Seed}, this run's {now.Seed}: the rest of the data comes in another order.";
        if (saved.Data != now.Data)
            yield return "The training data, or how it is put into batches, differs from the checkpoint's: the run goes on at the same place in other data.";
        if (saved.TotalSteps != now.TotalSteps)
            yield return $"The checkpoint planned {saved.TotalSteps} steps, this run plans {now.TotalSteps}: the learning rate goes on along another schedule.";
        if (saved.Implementations.Count == 0 || now.Implementations.Count == 0)
            yield break;
        foreach (var part in saved.Implementations.Keys.Union(now.Implementations.Keys).Order(StringComparer.Ordinal))
        {
            var (before, after) = (saved.Implementations.GetValueOrDefault(part, "nothing"), now.Implementations.GetValueOrDefault(part, "nothing"));
            if (before != after)
                yield return $"{part}: the checkpoint was computed with {before}, this run uses {after}: results may differ.";
        }
    }
}

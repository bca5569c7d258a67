using System.Text;
using Neoteny.Training.Options;

namespace Neoteny.Training.Memory;

/// <summary>Says what filled a device's memory and which keys would help.</summary>
internal sealed record OutOfMemoryReport
{
    private const int LargestShown = 5;
    private const int ModulesShown = 3;

    /// <summary>The step that did not fit, from 1.</summary>
    public required int Step { get; init; }

    /// <summary>The device's name and its memory, such as <c>NVIDIA H200, 139.8 GiB</c>.</summary>
    public required string Device { get; init; }

    /// <summary>What was alive when it happened.</summary>
    public required MemorySnapshot Snapshot { get; init; }

    /// <summary>Bytes in use at the step's peak, as the allocator counts them; null where it does not tell.</summary>
    public required long? Peak { get; init; }

    /// <summary>The options of the run.</summary>
    public required TrainingOptions Options { get; init; }

    /// <summary>The last checkpoint, or null.</summary>
    public required string? LastCheckpoint { get; init; }

    /// <summary>The message.</summary>
    public override string ToString()
    {
        var text = new StringBuilder($"The GPU ran out of memory at step {Step} ({Device}). ");
        text.Append(Peak is { } peak ? $"The step's peak was {MemoryText.Of(peak)}: " : "In use: ").AppendJoin(", ", Categories()).AppendLine(".");
        text.Append("Largest tensors alive: ").AppendJoin("; ", Snapshot.Entries.OrderByDescending(e => e.Bytes).Take(LargestShown)).AppendLine(".");
        text.Append("To need less: ").AppendJoin("; ", Remedies()).AppendLine(".");
        text.Append(LastCheckpoint is { } folder
            ? $"The last checkpoint, {folder}, is intact: go on from it with resume_from_checkpoint: {folder}"
            : "No checkpoint was written yet.");
        return text.ToString();
    }

    private IEnumerable<string> Categories()
    {
        yield return $"weights {MemoryText.Of(Snapshot.Of(MemoryCategory.Weights))}";
        yield return $"gradients {MemoryText.Of(Snapshot.Of(MemoryCategory.Gradients))}";
        yield return $"optimizer state {MemoryText.Of(Snapshot.Of(MemoryCategory.OptimizerState))}";
        yield return $"activations {MemoryText.Of(Snapshot.Of(MemoryCategory.Activations))}{Modules()}";
        if (Peak is { } peak && peak - Snapshot.Entries.Sum(e => e.Bytes) is > 0 and var rest)
            yield return $"workspace and temporaries {MemoryText.Of(rest)}";
    }

    private string Modules()
    {
        var modules = Snapshot.Entries.Where(e => e.Category == MemoryCategory.Activations)
            .GroupBy(e => e.Name.Split(' ')[0]).Select(g => (Module: g.Key, Bytes: g.Sum(e => e.Bytes))).OrderByDescending(g => g.Bytes).Take(ModulesShown).ToList();
        return modules.Count == 0 ? "" : $" (most in {string.Join(", ", modules.Select(m => $"{m.Module} {MemoryText.Of(m.Bytes)}"))})";
    }

    private IEnumerable<string> Remedies()
    {
        var steps = Options.Steps;
        if (steps.MicroBatchSize > 1)
            yield return $"lower micro_batch_size ({steps.MicroBatchSize}) and raise gradient_accumulation_steps by as much";
        yield return $"lower sequence_len ({Options.Data.SequenceLength})";
        if (Options.Capture.Enabled)
            yield return "set cuda_graphs: false";
        yield return "set gradient_checkpointing: true";
        yield return "train an adapter (adapter: lora) instead of all weights";
        yield return "set bf16: true where it is not";
        yield return "choose an optimizer with less state";
    }
}

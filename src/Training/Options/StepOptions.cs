using Neoteny.Configuration;

namespace Neoteny.Training.Options;

/// <summary>How many steps a run has and what one step is made of.</summary>
[Options]
public sealed record StepOptions : IValidated
{
    /// <summary>Passes over the data; a fraction ends within one.</summary>
    [Key("num_epochs", Minimum = 0, Summary = "Passes over the data; a fraction ends within one.")]
    public double Epochs { get; init; } = 1;

    /// <summary>Optimizer steps; overrides <see cref="Epochs"/>.</summary>
    [Key("max_steps", Minimum = 1, Summary = "Optimizer steps; overrides num_epochs.")]
    public int? MaximumSteps { get; init; }

    /// <summary>Rows of a micro-batch with packing, documents without.</summary>
    [Key("micro_batch_size", Minimum = 1, Summary = "Rows of a micro-batch with sample_packing, documents without.")]
    public int MicroBatchSize { get; init; } = 1;

    /// <summary>Micro-batches of an optimizer step; null for 1 or what <see cref="BatchSize"/> gives.</summary>
    [Key("gradient_accumulation_steps", Minimum = 1, Summary = "Micro-batches of an optimizer step.", Default = "1")]
    public int? GradientAccumulation { get; init; }

    /// <summary>Rows or documents of an optimizer step.</summary>
    [Key("batch_size", Minimum = 1, Summary = "Rows or documents of an optimizer step, instead of gradient_accumulation_steps.")]
    public int? BatchSize { get; init; }

    /// <summary>The micro-batch of evaluation; null for <see cref="MicroBatchSize"/>.</summary>
    [Key("eval_batch_size", Minimum = 1, Summary = "The micro-batch of evaluation.", Default = "micro_batch_size")]
    public int? EvaluationBatchSize { get; init; }

    /// <summary>Seed of the data order, of dropout and of fresh adapters.</summary>
    [Key("seed", Minimum = 0, Summary = "Seed of the data order, of dropout and of fresh adapters.")]
    public long Seed { get; init; } = 42;

    /// <summary>Micro-batches of an optimizer step in effect.</summary>
    public int MicroBatchesPerStep => GradientAccumulation ?? Math.Max(1, (BatchSize ?? MicroBatchSize) / MicroBatchSize);

    /// <inheritdoc/>
    public void Validate(IProblems problems)
    {
        if (BatchSize is not null && GradientAccumulation is not null)
        {
            problems.Add(nameof(BatchSize), "cannot be set together with gradient_accumulation_steps. Keep one of the two.");
        }
        else if (BatchSize % MicroBatchSize is > 0)
        {
            problems.Add(nameof(BatchSize), $"is {BatchSize}, which micro_batch_size ({MicroBatchSize}) does not divide. Choose a multiple of it.");
        }

        if (MaximumSteps is null && Epochs <= 0)
        {
            problems.Add(nameof(Epochs), "must be above 0 unless max_steps is set.");
        }
    }
}

using Neoteny.Configuration;

namespace Neoteny.Training.Options;

/// <summary>When the evaluation data is run.</summary>
[Options]
public sealed record EvaluationOptions : IValidated
{
    /// <summary>Steps between evaluations, or a fraction of all steps.</summary>
    [Key("eval_steps", Minimum = 0, Summary = "Steps between evaluations, or a fraction of all steps below 1.")]
    public double? Steps { get; init; }

    /// <summary>Evaluations in each epoch.</summary>
    [Key("evals_per_epoch", Minimum = 0, Summary = "Evaluations in each epoch.")]
    public int? PerEpoch { get; init; }

    /// <summary>When to evaluate.</summary>
    [Key("eval_strategy", Summary = "steps, epoch or no.", Default = "epoch when there is evaluation data")]
    public CadenceKind? Strategy { get; init; }

    /// <summary>Whether to evaluate before the first step.</summary>
    [Key("eval_on_start", Summary = "Evaluate before the first step.")]
    public bool OnStart { get; init; } = true;

    /// <summary>How much of the training data is held out; null when the file does not say.</summary>
    [Reads("val_set_size")]
    public double? ValidationSize { get; init; }

    /// <summary>Data for evaluation; null when the file does not say.</summary>
    [Reads("test_datasets")]
    public IReadOnlyList<DatasetOptions>? TestDatasets { get; init; }

    /// <inheritdoc/>
    public void Validate(IProblems problems)
    {
        if (Steps is not null && PerEpoch is not null)
        {
            problems.Add(nameof(PerEpoch), "cannot be set together with eval_steps. Keep one of the two.");
        }

        if (PerEpoch is not null && Strategy is not (null or CadenceKind.Steps))
        {
            problems.Add(nameof(PerEpoch), "needs 'eval_strategy: steps', or none.");
        }

        if (Strategy is CadenceKind.Steps && Steps is null && PerEpoch is null)
        {
            problems.Add(nameof(Strategy), "is steps, but neither eval_steps nor evals_per_epoch is set.");
        }

        if (ValidationSize is not > 0 && TestDatasets is not { Count: > 0 })
        {
            CheckWithoutData(problems);
        }
    }

    private void CheckWithoutData(IProblems problems)
    {
        if (Steps is not null)
        {
            problems.Add(nameof(Steps), "asks for evaluation, but there is no data for it. Set val_set_size or test_datasets.");
        }

        if (Strategy is not (null or CadenceKind.No))
        {
            problems.Add(nameof(Strategy), "asks for evaluation, but there is no data for it. Set val_set_size or test_datasets.");
        }

        if (PerEpoch is > 0)
        {
            problems.Warn(nameof(PerEpoch), "has no effect: there is no evaluation data. Set val_set_size or test_datasets.");
        }
    }
}

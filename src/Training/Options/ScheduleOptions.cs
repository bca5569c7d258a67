using Neoteny.Configuration;

namespace Neoteny.Training.Options;

/// <summary>The learning rate over the steps.</summary>
[Options]
public sealed record ScheduleOptions : IValidated
{
    /// <summary>The shape after the warm-up.</summary>
    [Key("lr_scheduler", Summary = "cosine, linear, constant or constant_with_warmup.")]
    public SchedulerKind Scheduler { get; init; } = SchedulerKind.Cosine;

    /// <summary>Steps over which the rate rises from 0.</summary>
    [Key("warmup_steps", Minimum = 0, Summary = "Steps over which the rate rises from 0.", Default = "3 % of the steps, at most 100")]
    public int? WarmupSteps { get; init; }

    /// <summary>The same as a fraction of all steps.</summary>
    [Key("warmup_ratio", Minimum = 0, Maximum = 1, Summary = "The same as a fraction of all steps.")]
    public double? WarmupRatio { get; init; }

    /// <summary>What the cosine ends at, as a fraction of the peak.</summary>
    [Key("cosine_min_lr_ratio", Minimum = 0, Maximum = 1, Summary = "What the cosine ends at, as a fraction of learning_rate.")]
    public double MinimumRatio { get; init; }

    /// <inheritdoc/>
    public void Validate(IProblems problems)
    {
        if (WarmupSteps is not null && WarmupRatio is not null)
        {
            problems.Add(nameof(WarmupRatio), "cannot be set together with warmup_steps. Keep one of the two.");
        }

        if (Scheduler == SchedulerKind.Constant && (WarmupSteps is > 0 || WarmupRatio is > 0))
        {
            problems.Warn(WarmupSteps is > 0 ? nameof(WarmupSteps) : nameof(WarmupRatio), "has no effect with 'lr_scheduler: constant'. Use constant_with_warmup.");
        }

        if (MinimumRatio > 0 && Scheduler != SchedulerKind.Cosine)
        {
            problems.Add(nameof(MinimumRatio), "needs 'lr_scheduler: cosine'.");
        }
    }
}

/// <summary>Shapes of the learning rate after the warm-up.</summary>
public enum SchedulerKind
{
    /// <summary>Half a cosine down to 0 or to <c>cosine_min_lr_ratio</c>.</summary>
    Cosine,

    /// <summary>A line down to 0.</summary>
    Linear,

    /// <summary>The same rate at every step, without warm-up.</summary>
    Constant,

    /// <summary>The same rate after the warm-up.</summary>
    ConstantWithWarmup,
}

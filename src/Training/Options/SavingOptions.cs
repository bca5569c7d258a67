using Neoteny.Configuration;
using Neoteny.Models.Checkpoints;

namespace Neoteny.Training.Options;

/// <summary>Where and when checkpoints are written, and where a run goes on from.</summary>
[Options]
public sealed record SavingOptions : IValidated
{
    /// <summary>The folder of everything a run writes.</summary>
    [Key("output_dir", Summary = "The folder of everything a run writes.")]
    public string Folder { get; init; } = "./model-out";

    /// <summary>Steps between checkpoints, or a fraction of all steps.</summary>
    [Key("save_steps", Minimum = 0, Summary = "Steps between checkpoints, or a fraction of all steps below 1.")]
    public double? Steps { get; init; }

    /// <summary>Checkpoints in each epoch.</summary>
    [Key("saves_per_epoch", Minimum = 0, Summary = "Checkpoints in each epoch.")]
    public int? PerEpoch { get; init; }

    /// <summary>When to save.</summary>
    [Key("save_strategy", Summary = "steps, epoch or no.", Default = "epoch, or steps when save_steps is set")]
    public CadenceKind? Strategy { get; init; }

    /// <summary>How many checkpoints are kept.</summary>
    [Key("save_total_limit", Minimum = 1, Summary = "How many checkpoints are kept; the oldest go first.")]
    public int Limit { get; init; } = 4;

    /// <summary>Whether checkpoints lack what resuming needs.</summary>
    [Key("save_only_model", Summary = "Leave the optimizer's state out of checkpoints; they cannot be resumed from then.")]
    public bool OnlyModel { get; init; }

    /// <summary>A checkpoint to go on from, or <c>true</c> for the latest.</summary>
    [Key("resume_from_checkpoint", Summary = "A checkpoint folder to go on from, or true for the latest in output_dir.")]
    public string? ResumeFrom { get; init; }

    /// <summary>Whether to go on from the latest checkpoint when there is one.</summary>
    [Key("auto_resume_from_checkpoints", Summary = "Go on from the latest checkpoint in output_dir when there is one.")]
    public bool AutoResume { get; init; }

    /// <summary>The most bytes of one file of weights.</summary>
    [Key("max_shard_size", Default = "5GB", Summary = "Weights are split into files of at most this size: 5GB, 500MB, 2GiB.")]
    public string MaxShardSize { get; init; } = "5GB";

    /// <inheritdoc/>
    public void Validate(IProblems problems)
    {
        if (ByteSize.Parse(MaxShardSize) is null)
        {
            problems.Add(nameof(MaxShardSize), $"is '{MaxShardSize}', which is no size. Write for instance 5GB, 500MB or 2GiB.");
        }

        if (Steps is not null && PerEpoch is not null)
        {
            problems.Add(nameof(PerEpoch), "cannot be set together with save_steps. Keep one of the two.");
        }

        if (Steps is not null && Strategy is not (null or CadenceKind.Steps))
        {
            problems.Add(nameof(Steps), "needs 'save_strategy: steps', or none.");
        }

        if (PerEpoch is not null && Strategy is not (null or CadenceKind.Steps))
        {
            problems.Add(nameof(PerEpoch), "needs 'save_strategy: steps', or none.");
        }

        if (Strategy is CadenceKind.Steps && Steps is null && PerEpoch is null)
        {
            problems.Add(nameof(Strategy), "is steps, but neither save_steps nor saves_per_epoch is set.");
        }
    }
}

/// <summary>When something is done that is done now and then.</summary>
public enum CadenceKind
{
    /// <summary>Never.</summary>
    No,

    /// <summary>Every so many steps.</summary>
    Steps,

    /// <summary>At the end of each epoch.</summary>
    Epoch,
}

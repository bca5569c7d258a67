namespace Neoteny.Training.Loop;

/// <summary>How a run ended.</summary>
public sealed record TrainingResult
{
    /// <summary>Steps done, those before a resume included.</summary>
    public required int Steps { get; init; }

    /// <summary>Whether it was asked to stop before its last step.</summary>
    public required bool Stopped { get; init; }

    /// <summary>Mean loss of the steps that this process ran, each weighted by its trained tokens; NaN when it ran none.</summary>
    public required double MeanLoss { get; init; }

    /// <summary>The last evaluation; null when there was none.</summary>
    public EvaluationReport? LastEvaluation { get; init; }

    /// <summary>The last checkpoint that was written; null when none was.</summary>
    public string? LastCheckpoint { get; init; }

    /// <summary>How long this process trained.</summary>
    public required TimeSpan Duration { get; init; }
}

namespace Neoteny.Training.Options;

/// <summary>The records a training run reads, as one argument.</summary>
/// <param name="Data">Data.</param>
/// <param name="Steps">Steps.</param>
/// <param name="Optimizer">Optimizer.</param>
/// <param name="Schedule">Learning rate.</param>
/// <param name="Saving">Checkpoints.</param>
/// <param name="Evaluation">Evaluation.</param>
/// <param name="Logging">Metrics.</param>
public sealed record TrainingOptions(
    DataOptions Data,
    StepOptions Steps,
    OptimizerOptions Optimizer,
    ScheduleOptions Schedule,
    SavingOptions Saving,
    EvaluationOptions Evaluation,
    LoggingOptions Logging)
{
    /// <summary>CUDA graphs.</summary>
    public CaptureOptions Capture { get; init; } = new();
}

using System.Diagnostics;
using Neoteny.Training.Checkpoints;

namespace Neoteny.Training.Loop;

/// <summary>How far a run is.</summary>
internal sealed class Progress
{
    private readonly Stopwatch watch = Stopwatch.StartNew();
    private double lossSum;
    private long lossTokens;

    public int Step { get; private set; }

    public long TrainedTokens { get; private set; }

    /// <summary>The step of the last checkpoint, whoever wrote it.</summary>
    public int SavedStep { get; set; } = -1;

    public string? LastCheckpoint { get; set; }

    public EvaluationReport? LastEvaluation { get; set; }

    public void Resume(TrainerState state) => (Step, SavedStep, TrainedTokens) = (state.Step, state.Step, state.TrainedTokens);

    /// <summary>A step was issued; what it computed may come later.</summary>
    public void Advance() => Step++;

    /// <summary>What a step computed is known.</summary>
    public void Add(StepReport report)
    {
        TrainedTokens += report.TrainedTokens;
        lossSum += report.Loss * report.TrainedTokens;
        lossTokens += report.TrainedTokens;
    }

    public TrainingResult Result(bool stopped) => new()
    {
        Steps = Step,
        Stopped = stopped,
        MeanLoss = lossSum / lossTokens,
        LastEvaluation = LastEvaluation,
        LastCheckpoint = LastCheckpoint,
        Duration = watch.Elapsed,
    };
}

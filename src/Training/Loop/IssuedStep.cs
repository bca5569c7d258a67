using System.Diagnostics;

namespace Neoteny.Training.Loop;

/// <summary>A step that was issued and not reported yet.</summary>
/// <param name="outcome">What it computes.</param>
/// <param name="start">When it was begun (<see cref="Stopwatch.GetTimestamp"/>).</param>
internal sealed class IssuedStep(PendingOutcome outcome, long start)
{
    /// <summary>What it computes.</summary>
    public PendingOutcome Outcome => outcome;

    /// <summary>Its number, from 1.</summary>
    public required int Step { get; init; }

    /// <summary>Epochs passed after it.</summary>
    public required double Epoch { get; init; }

    /// <summary>The rate used.</summary>
    public required double LearningRate { get; init; }

    /// <summary>Tokens run.</summary>
    public required long Tokens { get; init; }

    /// <summary>Predictions trained.</summary>
    public required long TrainedTokens { get; init; }

    /// <summary>Bytes of device memory at its peak; null on the CPU.</summary>
    public required long? DeviceMemory { get; init; }

    /// <summary>The report; waits for the outcome.</summary>
    /// <param name="previous">When the step before was reported: where the host is ahead, a step lasts from there.</param>
    public StepReport Report(long previous)
    {
        var result = outcome.Read();
        return new StepReport
        {
            Step = Step,
            Epoch = Epoch,
            Loss = result.Loss,
            RouterLoss = result.RouterLoss,
            GradientNorm = result.GradientNorm,
            LearningRate = LearningRate,
            Tokens = Tokens,
            TrainedTokens = TrainedTokens,
            Duration = Stopwatch.GetElapsedTime(Math.Max(start, previous)),
            Memory = Environment.WorkingSet,
            DeviceMemory = DeviceMemory,
        };
    }
}

namespace Neoteny.Training.Loop;

/// <summary>A step that was issued and not reported yet.</summary>
/// <param name="outcome">What it computes.</param>
/// <param name="clock">Measures it.</param>
internal sealed class IssuedStep(PendingOutcome outcome, StepClock clock) : IDisposable
{
    /// <summary>Whether the report does not wait.</summary>
    public bool IsReady => outcome.IsReady && clock.HasEnded;

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
    public StepReport Report()
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
            Duration = clock.Elapsed(),
            Memory = Environment.WorkingSet,
            DeviceMemory = DeviceMemory,
        };
    }

    /// <summary>Gives back what waits for the device.</summary>
    public void Dispose()
    {
        outcome.Dispose();
        clock.Dispose();
    }
}

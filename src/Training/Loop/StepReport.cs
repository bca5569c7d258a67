namespace Neoteny.Training.Loop;

/// <summary>One optimizer step, as observers see it.</summary>
public sealed record StepReport
{
    /// <summary>Steps done, this one included.</summary>
    public required int Step { get; init; }

    /// <summary>Epochs passed, with the fraction of the current one.</summary>
    public required double Epoch { get; init; }

    /// <summary>Mean loss of the step's trained tokens before the update, in nats, with the routers' loss times its factor where one is trained.</summary>
    public required double Loss { get; init; }

    /// <summary>Mean load balancing loss of the routers over the micro-batches, without its factor; null where none is trained.</summary>
    public double? RouterLoss { get; init; }

    /// <summary>Global gradient norm before clipping.</summary>
    public required double GradientNorm { get; init; }

    /// <summary>The rate used.</summary>
    public required double LearningRate { get; init; }

    /// <summary>Tokens run, untrained ones included.</summary>
    public required long Tokens { get; init; }

    /// <summary>Predictions trained.</summary>
    public required long TrainedTokens { get; init; }

    /// <summary>How long the step took, drawing its data included.</summary>
    public required TimeSpan Duration { get; init; }

    /// <summary>Bytes of memory that the process occupies.</summary>
    public required long Memory { get; init; }

    /// <summary>Bytes that tensors took on the GPU at the step's peak; null on the CPU.</summary>
    public long? DeviceMemory { get; init; }

    /// <summary>Whether loss and norm are numbers.</summary>
    public bool IsFinite => double.IsFinite(Loss) && double.IsFinite(GradientNorm);

    /// <summary>Tokens a second.</summary>
    public double TokensPerSecond => Tokens / Math.Max(Duration.TotalSeconds, 1e-9);
}

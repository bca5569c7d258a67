namespace Neoteny.Training.Data;

/// <summary>All documents of a run.</summary>
public sealed record TrainingData
{
    /// <summary>Documents to train on.</summary>
    public required IReadOnlyList<Document> Training { get; init; }

    /// <summary>Documents to evaluate on; empty for none.</summary>
    public IReadOnlyList<Document> Evaluation { get; init; } = [];

    /// <summary>What reading the training datasets gave, the part held out included.</summary>
    public DataReport? Report { get; init; }

    /// <summary>What reading the evaluation datasets gave; null where evaluation data was held out or there is none.</summary>
    public DataReport? EvaluationReport { get; init; }
}

using Neoteny.Autograd;
using Neoteny.Training.Checkpoints;
using Neoteny.Training.Data;
using Neoteny.Training.Optimizers;
using Neoteny.Training.Options;

namespace Neoteny.Training.Loop;

/// <summary>Everything a run is made of.</summary>
public sealed class TrainingSetup
{
    /// <summary>The model; borrowed.</summary>
    public required ITrainedModel Model { get; init; }

    /// <summary>The documents.</summary>
    public required TrainingData Data { get; init; }

    /// <summary>The options.</summary>
    public required TrainingOptions Options { get; init; }

    /// <summary>Writes the model; null for a run whose checkpoints hold only what resuming needs.</summary>
    public IModelSaver? Saver { get; init; }

    /// <summary>Who hears about the run, in order.</summary>
    public IReadOnlyList<ITrainingObserver> Observers { get; init; } = [];

    /// <summary>What runs between two steps, in order.</summary>
    public IReadOnlyList<IStepBoundary> Boundaries { get; init; } = [];

    /// <summary>Makes the options of each tape: where saved tensors live, who hears the segments.</summary>
    public Func<TapeRequest, TapeOptions> Tapes { get; init; } = r => r.ToOptions();

    /// <summary>What computes at the moment, by its part in the run: written into checkpoints, and compared when a run is resumed.</summary>
    public Func<IReadOnlyDictionary<string, string>> Implementations { get; init; } = () => new Dictionary<string, string>();

    /// <summary>Which parameters decay.</summary>
    public WeightDecayPolicy Decays { get; init; } = WeightDecayPolicy.Matrices;

    /// <summary>What the loss is divided by.</summary>
    public LossNormalization Normalization { get; init; }
}

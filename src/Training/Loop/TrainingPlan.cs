using Neoteny.Training.Options;
using Neoteny.Training.Packing;
using Neoteny.Training.Schedules;

namespace Neoteny.Training.Loop;

/// <summary>What a run will do, worked out before its first step.</summary>
public sealed record TrainingPlan
{
    private const double LoggingShare = 0.005;
    private const int SeldomestLogging = 10;

    /// <summary>Optimizer steps.</summary>
    public required int TotalSteps { get; init; }

    /// <summary>Optimizer steps of the first epoch.</summary>
    public required int StepsPerEpoch { get; init; }

    /// <summary>Tokens of the first epoch divided by the room of its rows; 1 without packing.</summary>
    public required double PackingEfficiency { get; init; }

    /// <summary>The learning rate over the steps.</summary>
    public required LearningRateSchedule Schedule { get; init; }

    /// <summary>Steps between two lines of metrics.</summary>
    public required int LoggingSteps { get; init; }

    /// <summary>When checkpoints are written.</summary>
    public required Cadence Saving { get; init; }

    /// <summary>When the evaluation data is run.</summary>
    public required Cadence Evaluation { get; init; }

    /// <summary>Steps that a resumed run has behind it.</summary>
    public int StartStep { get; init; }

    /// <summary>Plans a run.</summary>
    /// <param name="options">Its options.</param>
    /// <param name="data">Its data.</param>
    /// <param name="hasEvaluationData">Whether there is anything to evaluate on.</param>
    public static TrainingPlan Of(TrainingOptions options, BatchSource data, bool hasEvaluationData)
    {
        var perEpoch = data.StepsOf(0);
        var total = options.Steps.MaximumSteps ?? Steps(options.Steps.Epochs, data);
        var (saving, evaluation) = (options.Saving, options.Evaluation);
        return new TrainingPlan
        {
            TotalSteps = total,
            StepsPerEpoch = perEpoch,
            PackingEfficiency = data.Efficiency,
            Schedule = LearningRateSchedule.Of(options.Schedule, options.Optimizer.LearningRate, total),
            LoggingSteps = options.Logging.Steps ?? Math.Clamp((int)(LoggingShare * total), 1, SeldomestLogging),
            Saving = Cadence.Of(saving.Strategy, saving.Steps, saving.PerEpoch, total, perEpoch),
            Evaluation = hasEvaluationData
                ? Cadence.Of(evaluation.Strategy, evaluation.Steps, evaluation.PerEpoch, total, perEpoch)
                : new Cadence(CadenceKind.No),
        };
    }

    /// <summary>Whole epochs have the steps that packing gives each of them; a started one its share, rounded up.</summary>
    private static int Steps(double epochs, BatchSource data)
    {
        var whole = (int)Math.Floor(epochs);
        var steps = Enumerable.Range(0, whole).Sum(data.StepsOf);
        return epochs > whole ? steps + (int)Math.Ceiling((epochs - whole) * data.StepsOf(whole)) : steps;
    }
}

using Neoteny.Training.Checkpoints;
using Neoteny.Training.Data;
using Neoteny.Training.Loop;
using Neoteny.Training.Metrics;
using Neoteny.Training.Options;
using static TorchSharp.torch;

namespace Neoteny.Core.Tests.Training.Support;

/// <summary>Runs of a bigram model over made-up documents.</summary>
internal sealed class TrainingFixture
{
    private const int Vocabulary = 16;

    public TemporaryFolder Folder { get; } = new();

    public string Output => Path.Combine(Folder.Path, "out");

    public string Metrics => Path.Combine(Output, MetricsLog.FileName);

    public static TrainingOptions Options(string output) => new(
        new DataOptions { SequenceLength = 32, Packing = true },
        new StepOptions { MaximumSteps = 12, GradientAccumulation = 2, MicroBatchSize = 2 },
        new OptimizerOptions { LearningRate = 0.05, WeightDecay = 0.01 },
        new ScheduleOptions { WarmupSteps = 2 },
        new SavingOptions { Folder = output, Steps = 5 },
        new EvaluationOptions(),
        new LoggingOptions { Steps = 1 });

    public TrainingOptions Options() => Options(Output);

    public static TrainingData Data(int documents = 40, int heldOut = 0)
    {
        var all = Enumerable.Range(0, documents + heldOut).Select(d => Document.Masked(
            [.. Enumerable.Range(0, 3 + (d * 7 % 11)).Select(t => (int)((d * 5L + t * t * 3L) % Vocabulary))], t => t > d % 3)).ToList();
        return new TrainingData { Training = all[..documents], Evaluation = all[documents..] };
    }

    /// <summary>Trains a fresh model and gives its weights.</summary>
    public (TrainingResult Result, float[] Weights) Train(
        TrainingOptions options, ScalarType dtype = ScalarType.Float32, ITrainingObserver? observer = null, CancellationToken stop = default, IModelSaver? saver = null)
    {
        using var model = new BigramModel(Vocabulary, dtype);
        var log = new MetricsLog(Path.Combine(options.Saving.Folder, MetricsLog.FileName));
        using var trainer = new Trainer(new TrainingSetup
        {
            Model = model,
            Data = Data(),
            Options = options,
            Saver = saver,
            Observers = observer is null ? [log] : [log, observer],
        });
        return (trainer.Run(stop), model.Weights());
    }
}

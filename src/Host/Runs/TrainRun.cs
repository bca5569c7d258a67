using Microsoft.Extensions.Logging;
using Neoteny.Autograd;
using Neoteny.Host.Configuration;
using Neoteny.Training.Checkpoints;
using Neoteny.Training.Data;
using Neoteny.Training.Loop;
using Neoteny.Training.Metrics;
using Neoteny.Training.Options;
using Spectre.Console;

namespace Neoteny.Host.Runs;

/// <summary>One training run, from a checked configuration to files in its output folder.</summary>
internal sealed class TrainRun(RunContext run, IAnsiConsole console, ILogger log) : IModelSaver
{
    private ModelSession? session;

    /// <summary>Trains, and says what came out.</summary>
    /// <param name="stop">Asks to finish the step, save a checkpoint and end.</param>
    public TrainingResult Execute(CancellationToken stop)
    {
        using var opened = session = ModelSession.Open(run, log);
        var options = Options();
        var data = LoadData(options.Data, options.Steps.Seed);
        var display = new ProgressDisplay(console);
        using var trainer = new Trainer(new TrainingSetup
        {
            Model = new TrainedDecoder(opened.Model, () => opened.Loss),
            Data = data,
            Options = options,
            Saver = this,
            Observers = [display, new MetricsLog(Path.Combine(options.Saving.Folder, MetricsLog.FileName))],
            Tapes = Tape,
        });
        var trained = opened.Model.Parameters.Where(p => p.Trains).Sum(p => p.Count);
        log.LogInformation("{Trained:n0} of {All:n0} parameters train", trained, opened.Model.Parameters.Sum(p => p.Count));
        var result = display.Run(() => trainer.Run(stop));
        Summarize(result, options.Saving.Folder);
        return result;
    }

    /// <inheritdoc/>
    public void Save(string folder) => session!.Save(folder);

    private TrainingData LoadData(DataOptions options, long seed)
    {
        var data = new DataLoader(options, new TokenizerText(session!.Tokenizer), Chat()) { ResolvePath = run.File.ResolvePath }.Load(seed);
        log.LogInformation("Training data: {Report}", data.Report);
        if (data.EvaluationReport is { } evaluation)
        {
            log.LogInformation("Evaluation data: {Report}", evaluation);
        }

        return data;
    }

    private TemplateChatEncoder Chat() => new(session!.Tokenizer, run.Options<ChatOptions>().Choose(session.Folder, session.Tokenizer));

    private TapeOptions Tape(TapeRequest request) => request.ToOptions();

    private TrainingOptions Options() => new(
        run.Options<DataOptions>(), run.Options<StepOptions>(), run.Options<OptimizerOptions>(), run.Options<ScheduleOptions>(),
        run.Options<SavingOptions>(), run.Options<EvaluationOptions>(), run.Options<LoggingOptions>());

    private void Summarize(TrainingResult result, string folder)
    {
        if (result.Stopped)
        {
            console.WriteLine($"Stopped after step {result.Steps}. Go on with resume_from_checkpoint: {result.LastCheckpoint}");
            return;
        }

        console.WriteLine(session!.Adapter is null ? $"The trained model is in {folder}" : $"The adapter is in {folder}");
    }
}

using System.Globalization;
using Microsoft.Extensions.Logging;
using Neoteny.Host.Configuration;
using Neoteny.Host.Swap;
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
    private const int SampleCount = 5;

    /// <summary>How often to look for newer versions of the run's plugins, which are then swapped in; null for never.</summary>
    public WatchTimes? Watch { get; init; }

    /// <summary>Who else hears about the run; is given what can change it while it is live.</summary>
    public Func<HotSwap, ITrainingObserver>? Observer { get; init; }

    private ModelSession? session;

    /// <summary>Trains, and says what came out.</summary>
    /// <param name="stop">Asks to finish the step, save a checkpoint and end.</param>
    public TrainingResult Execute(CancellationToken stop)
    {
        using var opened = session = ModelSession.Open(run, log, stop: stop);
        var options = Options();
        var data = LoadData(options.Data, options.Steps.Seed, stop);
        var display = new ProgressDisplay(console);
        using var graphs = LayerGraphs.Open(options.Capture.Enabled, opened, log);
        using var live = new LiveRun(run, opened, log, Watch);
        using var trainer = new Trainer(new TrainingSetup
        {
            Model = new TrainedDecoder(opened.Model, () => opened.Loss),
            Data = data,
            Options = options,
            Saver = this,
            Observers = [display, new MetricsLog(Path.Combine(options.Saving.Folder, MetricsLog.FileName)), live, .. Observer is null ? [] : new[] { Observer(live.Swap) }],
            Boundaries = [live.Swap],
            Implementations = () => InUse.Describe(opened.Composition),
            Tapes = request => opened.Tape(request, graphs),
        });
        log.LogInformation("trains: {Trained}", ModelPlan.Trained(opened.Model));
        var before = Check(data);
        var result = display.Run(() => trainer.Run(stop));
        Summarize(result, before, data, options.Saving.Folder);
        return result;
    }

    /// <inheritdoc/>
    public void Save(string folder) => session!.Save(folder);

    private TrainingData LoadData(DataOptions options, long seed, CancellationToken stop)
    {
        var places = new HubPlaces(w => log.LogWarning("{Note}", w), stop);
        var data = new DataLoader(options, new TokenizerText(session!.Tokenizer), Chat()) { ResolvePath = run.File.ResolvePath, Download = d => places.Data(run.File, d) }.Load(seed);
        log.LogInformation("Training data: {Report}", data.Report);
        if (data.EvaluationReport is { } evaluation)
        {
            log.LogInformation("Evaluation data: {Report}", evaluation);
        }

        return data;
    }

    private TemplateChatEncoder Chat()
    {
        var chat = run.Options<ChatOptions>();
        return new(session!.Tokenizer, chat.Choose(session.TokenizerFolder, session.Tokenizer), chat.EndOfTurnTokens);
    }

    private TrainingOptions Options() => new(
        run.Options<DataOptions>(), run.Options<StepOptions>(), run.Options<OptimizerOptions>(), run.Options<ScheduleOptions>(),
        run.Options<SavingOptions>(), run.Options<EvaluationOptions>(), run.Options<LoggingOptions>())
    {
        Capture = run.Options<CaptureOptions>(),
    };

    /// <summary>Answers the evaluation prompts where the run asks for it; null where it does not.</summary>
    private IReadOnlyList<Answer>? Check(TrainingData data)
    {
        var options = run.Options<SampleOptions>();
        if (!options.ExactMatch && !options.Samples)
        {
            return null;
        }

        if (data.Evaluation.Count == 0)
        {
            throw new InputException("eval_exact_match and generate_samples need evaluation data. Set test_datasets or val_set_size.");
        }

        return new AnswerCheck(session!).Run(data.Evaluation);
    }

    private void Summarize(TrainingResult result, IReadOnlyList<Answer>? before, TrainingData data, string folder)
    {
        if (result.Stopped)
        {
            console.WriteLine($"Stopped after step {result.Steps}. Go on with resume_from_checkpoint: {result.LastCheckpoint}");
            return;
        }

        if (before is not null && Check(data) is { } after)
        {
            Show(before, after);
        }

        console.WriteLine(session!.Adapter is null ? $"The trained model is in {folder}" : $"The adapter is in {folder}");
        console.WriteLine($"Chat with it: {ChatCommand(folder)}");
    }

    private void Show(IReadOnlyList<Answer> before, IReadOnlyList<Answer> after)
    {
        if (run.Options<SampleOptions>().Samples)
        {
            foreach (var answer in after.Take(SampleCount))
            {
                console.WriteLine($"  {(answer.IsExact ? "right" : "wrong")}: {OneLine(answer.Prompt)} -> {OneLine(answer.Generated)}");
            }
        }

        console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"Evaluation prompts answered exactly: {Share(before):p1} before, {Share(after):p1} after training ({after.Count} prompts)"));
    }

    private static double Share(IReadOnlyList<Answer> answers) => (double)answers.Count(a => a.IsExact) / Math.Max(answers.Count, 1);

    private static string OneLine(string text) => text.ReplaceLineEndings(" ").Trim();

    /// <summary>The command line that started this program, with another command.</summary>
    private static string ChatCommand(string folder)
    {
        var program = Environment.GetEnvironmentVariable("DOTNET_LAUNCH_PROFILE") is not null || AppContext.BaseDirectory.Contains("/bin/Release/", StringComparison.Ordinal)
            ? "dotnet run --project src/Host -c Release --"
            : "neoteny";
        return $"{program} chat {folder}";
    }
}

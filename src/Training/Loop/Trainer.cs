using Neoteny.Batches;
using Neoteny.Training.Checkpoints;
using Neoteny.Training.Memory;
using Neoteny.Training.Optimizers;
using Neoteny.Training.Packing;
using static TorchSharp.torch;

namespace Neoteny.Training.Loop;

/// <summary>Trains a model: draws data, makes steps, evaluates, saves, stops when asked.</summary>
/// <remarks>One thread. It knows steps, data and files; what the model is made of, and which plugins run in it, it does not.</remarks>
public sealed class Trainer : IDisposable
{
    // How many steps the host may be ahead of a GPU.
    private const int MostIssued = 8;

    private readonly TrainingSetup setup;
    private readonly AdamW optimizer;
    private readonly BatchSource data;
    private readonly StepRunner steps;
    private readonly Evaluator? evaluator;
    private readonly CheckpointStore checkpoints;
    private readonly Progress progress = new();
    private readonly string fingerprint;
    private readonly Queue<IssuedStep> issued = [];
    private readonly DeviceMonitor memory;

    /// <summary>Prepares a run; nothing is written yet.</summary>
    /// <exception cref="InputException">There is nothing to train or to train on.</exception>
    public Trainer(TrainingSetup setup)
    {
        this.setup = setup;
        var options = setup.Options;
        var trained = setup.Model.Parameters.Where(p => p.Trains).ToList();
        if (trained.Count == 0)
            throw new InputException("No parameter of the model trains. Set an adapter, or train the whole model.");
        if (setup.Data.Training.Count == 0)
            throw new InputException("There is no document to train on.");

        memory = new DeviceMonitor(setup.Model.Device);
        optimizer = new AdamW(trained, AdamWSettings.Of(options.Optimizer, options.Steps.Seed) with { Decays = setup.Decays });
        data = DataSources.Training(setup);
        steps = new StepRunner(setup.Model, optimizer)
        {
            MaximumGradientNorm = options.Optimizer.MaximumGradientNorm,
            Seed = options.Steps.Seed,
            Normalization = setup.Normalization,
            Tapes = setup.Tapes,
        };
        evaluator = DataSources.Evaluation(setup) is { } evaluation ? new Evaluator(setup.Model, evaluation) { Tapes = setup.Tapes } : null;
        checkpoints = new CheckpointStore(options.Saving, setup.Saver, optimizer);
        fingerprint = DataSources.Fingerprint(setup);
        Plan = TrainingPlan.Of(options, data, evaluator is not null);
    }

    /// <summary>What the run will do.</summary>
    public TrainingPlan Plan { get; private set; }

    /// <summary>Trains until the last step, or until asked to stop: then the current step is finished and a checkpoint saved.</summary>
    /// <exception cref="InputException">The output folder cannot be written, or the checkpoint to resume from does not fit.</exception>
    /// <exception cref="NeotenyException">The loss is no longer a number, or a checkpoint could not be saved.</exception>
    public TrainingResult Run(CancellationToken stop = default)
    {
        checkpoints.Prepare();
        Resume();
        Tell(o => o.Started(Plan));
        if (progress.Step == 0 && setup.Options.Evaluation.OnStart && Plan.Evaluation.Kind != Options.CadenceKind.No)
            Evaluate();

        while (progress.Step < Plan.TotalSteps && !stop.IsCancellationRequested)
        {
            BetweenSteps();
            MakeStepWithinMemory();
            var isLast = progress.Step == Plan.TotalSteps;
            if (Plan.Evaluation.IsDue(progress.Step, data.IsAtEpochStart, isLast))
                Evaluate();
            if (Plan.Saving.IsDue(progress.Step, data.IsAtEpochStart, isLast))
                Save();
        }

        return Finish();
    }

    /// <summary>Frees the optimizer's state.</summary>
    public void Dispose()
    {
        foreach (var step in issued)
            step.Dispose();
        issued.Clear();
        optimizer.Dispose();
    }

    private void Resume()
    {
        if (checkpoints.Resume() is not { } state)
            return;

        data.Position = state.Position;
        progress.Resume(state);
        Plan = Plan with { StartStep = state.Step };
        foreach (var difference in ResumeCheck.Differences(state, Now()))
            Tell(o => o.Warned(difference));
    }

    private void BetweenSteps()
    {
        foreach (var boundary in setup.Boundaries)
            boundary.BeforeStep(progress.Step);

        // Garbage of a step is collected here, so that no collection falls inside the next one.
        GC.Collect(0, GCCollectionMode.Forced, blocking: true);
    }

    /// <summary>Makes a step; where the device's memory runs out, says what filled it.</summary>
    private void MakeStepWithinMemory()
    {
        OutOfMemoryReport? report = null;
        memory.BeginStep();
        try
        {
            MakeStep();
        }
        catch (Exception e) when (Exhausted(e, out report))
        {
            throw new NeotenyException(report!.ToString(), e);
        }
    }

    /// <summary>Asked before anything is freed, since a filter runs before the blocks inside are left: so the tensors of the step are still there to be listed.</summary>
    private bool Exhausted(Exception exception, out OutOfMemoryReport? report)
    {
        report = !memory.IsExhausted(exception) ? null : new OutOfMemoryReport
        {
            Step = progress.Step + 1,
            Device = memory.Name,
            Snapshot = MemorySnapshot.Take(setup.Model.Parameters, optimizer, steps.Running, setup.Model.Device),
            Peak = memory.Peak,
            Options = setup.Options,
            LastCheckpoint = progress.LastCheckpoint,
        };
        return report is not null;
    }

    private void MakeStep()
    {
        var clock = new StepClock(setup.Model.Device);
        var rate = Plan.Schedule.At(progress.Step);
        var batches = data.Draw();
        try
        {
            var outcome = steps.Start(batches, progress.Step, rate);
            clock.Stop();
            progress.Advance();
            issued.Enqueue(new IssuedStep(outcome, clock)
            {
                Step = progress.Step,
                Epoch = data.Epoch,
                LearningRate = rate,
                Tokens = batches.Sum(b => (long)b.Layout.Tokens),
                TrainedTokens = batches.Sum(b => (long)b.TrainedTokens),
                DeviceMemory = memory.Peak,
            });
        }
        finally
        {
            foreach (var batch in batches)
                batch.Dispose();
        }

        // A GPU runs behind: a step that is logged is waited for when the next one is issued, so that the device never runs dry.
        Report(progress.Step % Plan.LoggingSteps == 0 ? 1 : MostIssued);
    }

    /// <summary>Reports steps whose results are there, and waits for the oldest ones until at most <paramref name="open"/> are left.</summary>
    private void Report(int open)
    {
        while (issued.TryPeek(out var oldest) && (issued.Count > open || oldest.IsReady))
        {
            using var step = issued.Dequeue();
            var report = step.Report();
            if (!report.IsFinite)
                throw NotFinite(report);
            progress.Add(report);
            Tell(o => o.StepCompleted(report));
        }
    }

    private void Evaluate()
    {
        Report(0);
        var report = new EvaluationReport(progress.Step, data.Epoch, evaluator!.Run());
        progress.LastEvaluation = report;
        Tell(o => o.Evaluated(report));
    }

    private void Save()
    {
        Report(0);
        progress.LastCheckpoint = checkpoints.Save(Now());
        progress.SavedStep = progress.Step;
        Tell(o => o.Saved(progress.Step, progress.LastCheckpoint));
    }

    private TrainingResult Finish()
    {
        Report(0);
        var stopped = progress.Step < Plan.TotalSteps;
        if (stopped && progress.SavedStep != progress.Step)
            Save();
        if (!stopped)
            checkpoints.SaveFinal();

        var result = progress.Result(stopped);
        Tell(o => o.Finished(result));
        return result;
    }

    private TrainerState Now() => new()
    {
        Step = progress.Step,
        Position = data.Position,
        Epoch = data.Epoch,
        OptimizerSteps = optimizer.Steps,
        Seed = setup.Options.Steps.Seed,
        TotalSteps = Plan.TotalSteps,
        Threads = get_num_threads(),
        Data = fingerprint,
        TrainedTokens = progress.TrainedTokens,
        Implementations = setup.Implementations(),
    };

    private NeotenyException NotFinite(StepReport step)
    {
        var what = double.IsFinite(step.Loss) ? $"gradient norm is {step.GradientNorm}" : $"loss is {step.Loss}";
        var from = progress.LastCheckpoint is { } last ? $" {last} is from before that." : "";
        return new NeotenyException(FormattableString.Invariant($"The {what} at step {step.Step} (learning rate {step.LearningRate:g4}); training cannot go on.{from} ")
            + "Lower learning_rate, lengthen the warm-up, lower max_grad_norm, or look for broken records in the data.");
    }

    private void Tell(Action<ITrainingObserver> what)
    {
        foreach (var observer in setup.Observers)
            what(observer);
    }
}

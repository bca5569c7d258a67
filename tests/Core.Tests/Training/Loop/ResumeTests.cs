using System.Text.Json.Nodes;
using Neoteny.Core.Tests.Training.Support;
using Neoteny.Training.Checkpoints;
using Neoteny.Training.Loop;
using Neoteny.Training.Options;
using TorchSharp;

namespace Neoteny.Core.Tests.Training.Loop;

public sealed class ResumeTests
{
    [Theory]
    [InlineData(torch.ScalarType.Float32, false)]
    [InlineData(torch.ScalarType.BFloat16, false)]
    [InlineData(torch.ScalarType.BFloat16, true)]
    public void A_run_killed_and_resumed_ends_with_the_same_bits(torch.ScalarType dtype, bool stochastic)
    {
        var fixture = new TrainingFixture();
        using var folder = fixture.Folder;
        using var other = new TemporaryFolder();
        var options = fixture.Options();
        if (stochastic)
            options = options with { Optimizer = options.Optimizer with { Arguments = new Dictionary<string, string> { ["bf16_stochastic_round"] = "true" } } };

        var whole = fixture.Train(options with { Saving = options.Saving with { Folder = other.Path } }, dtype);
        Assert.Throws<Killed>(() => fixture.Train(options, dtype, new KillAfter(8)));
        Assert.Equal(["checkpoint-5"], Checkpoints(fixture.Output));
        var resumed = fixture.Train(options with { Saving = options.Saving with { ResumeFrom = "true" } }, dtype);

        Assert.Equal(whole.Weights, resumed.Weights);
        Assert.Equal(12, resumed.Result.Steps);
        Assert.Equal(["checkpoint-5", "checkpoint-10", "checkpoint-12"], Checkpoints(fixture.Output));
    }

    [Fact]
    public void A_resumed_run_writes_each_step_into_the_metrics_once()
    {
        var fixture = new TrainingFixture();
        using var folder = fixture.Folder;
        Assert.Throws<Killed>(() => fixture.Train(fixture.Options(), observer: new KillAfter(8)));
        File.AppendAllText(fixture.Metrics, "{\"step\": 9, \"los");
        var options = fixture.Options();
        fixture.Train(options with { Saving = options.Saving with { AutoResume = true } });
        Assert.Equal(Enumerable.Range(1, 12), File.ReadLines(fixture.Metrics).Select(l => JsonNode.Parse(l)!["step"]!.GetValue<int>()));
    }

    [Fact]
    public void Stopping_finishes_the_step_and_saves_where_it_is()
    {
        var fixture = new TrainingFixture();
        using var folder = fixture.Folder;
        using var source = new CancellationTokenSource();
        var whole = fixture.Train(fixture.Options());
        Directory.Delete(fixture.Output, recursive: true);

        var stopped = fixture.Train(fixture.Options(), observer: new CancelAfter(3, source), stop: source.Token);
        Assert.True(stopped.Result.Stopped);
        Assert.Equal(3, stopped.Result.Steps);
        Assert.Equal(Path.Combine(fixture.Output, "checkpoint-3"), stopped.Result.LastCheckpoint);
        var options = fixture.Options();
        var resumed = fixture.Train(options with { Saving = options.Saving with { ResumeFrom = stopped.Result.LastCheckpoint } });
        Assert.False(resumed.Result.Stopped);
        Assert.Equal(whole.Weights, resumed.Weights);
    }

    [Fact]
    public void Other_data_and_other_seeds_are_noticed()
    {
        var fixture = new TrainingFixture();
        using var folder = fixture.Folder;
        fixture.Train(fixture.Options());
        var options = fixture.Options();
        var listener = new Listener();
        fixture.Train(
            options with
            {
                Saving = options.Saving with { ResumeFrom = "true" },
                Steps = options.Steps with { Seed = 7, MicroBatchSize = 1, MaximumSteps = 14 },
            },
            observer: listener);
        Assert.Equal(
            [
                "The checkpoint's seed is 42, this run's 7: the rest of the data comes in another order.",
                "The training data, or how it is put into batches, differs from the checkpoint's: the run goes on at the same place in other data.",
                "The checkpoint planned 12 steps, this run plans 14: the learning rate goes on along another schedule.",
            ],
            listener.Warnings);
    }

    [Fact]
    public void A_missing_checkpoint_is_an_error_that_lists_those_there_are()
    {
        var fixture = new TrainingFixture();
        using var folder = fixture.Folder;
        var options = fixture.Options();
        var none = Assert.Throws<InputException>(() => fixture.Train(options with { Saving = options.Saving with { ResumeFrom = "true" } }));
        Assert.Equal($"resume_from_checkpoint is true, but {fixture.Output} holds no checkpoint to go on from. Name one, or remove the key to start from the beginning.", none.Message);
        fixture.Train(options);
        var wrong = Assert.Throws<InputException>(() => fixture.Train(options with { Saving = options.Saving with { ResumeFrom = "/nowhere/checkpoint-7" } }));
        Assert.Equal($"resume_from_checkpoint: /nowhere/checkpoint-7 does not exist. {fixture.Output} holds checkpoint-5, checkpoint-10, checkpoint-12.", wrong.Message);
    }

    [Fact]
    public void Only_the_newest_checkpoints_stay()
    {
        var fixture = new TrainingFixture();
        using var folder = fixture.Folder;
        var options = fixture.Options();
        fixture.Train(options with { Saving = options.Saving with { Steps = 1, Limit = 2 } });
        Assert.Equal(["checkpoint-11", "checkpoint-12"], Checkpoints(fixture.Output));
    }

    private static IEnumerable<string> Checkpoints(string output) => new CheckpointFolders(output).All().Select(f => Path.GetFileName(f));

    private sealed class Killed : Exception;

    private sealed class KillAfter(int step) : ITrainingObserver
    {
        public void StepCompleted(StepReport report)
        {
            if (report.Step == step)
                throw new Killed();
        }
    }

    private sealed class CancelAfter(int step, CancellationTokenSource source) : ITrainingObserver
    {
        public void StepCompleted(StepReport report)
        {
            if (report.Step == step)
                source.Cancel();
        }
    }

    private sealed class Listener : ITrainingObserver
    {
        public List<string> Warnings { get; } = [];

        public void Warned(string message) => Warnings.Add(message);
    }
}

using System.Text.Json.Nodes;
using Neoteny.Batches;
using Neoteny.Core.Tests.Training.Support;
using Neoteny.Training.Checkpoints;
using Neoteny.Training.Loop;
using Neoteny.Training.Optimizers;
using Neoteny.Training.Options;
using TorchSharp;

namespace Neoteny.Core.Tests.Training.Loop;

public sealed class TrainerTests
{
    [Fact]
    public void Training_lowers_the_loss_and_reports_every_step()
    {
        var fixture = new TrainingFixture();
        using var folder = fixture.Folder;
        var options = fixture.Options();
        var (result, _) = fixture.Train(options with
        {
            Steps = options.Steps with { MaximumSteps = 60 },
            Optimizer = options.Optimizer with { LearningRate = 0.3 },
        });
        var lines = File.ReadLines(fixture.Metrics).Select(l => JsonNode.Parse(l)!).ToList();
        Assert.Equal(60, lines.Count);
        Assert.True(lines[^1]["loss"]!.GetValue<double>() < 0.6 * lines[0]["loss"]!.GetValue<double>());
        Assert.Equal(
            ["step", "epoch", "loss", "grad_norm", "learning_rate", "tokens", "trained_tokens", "tokens_per_second", "seconds", "memory_bytes"],
            lines[0].AsObject().Select(p => p.Key));
        Assert.Equal(0, lines[0]["learning_rate"]!.GetValue<double>());
        Assert.False(result.Stopped);
    }

    [Fact]
    public void A_step_does_not_depend_on_how_it_is_cut_into_micro_batches()
    {
        var documents = TrainingFixture.Data().Training.Take(6).Select(d => (d.Ids.Select(i => (long)i).ToArray(), d.Labels.Select(l => (long)l).ToArray())).ToArray();
        var together = Step([MicroBatch.Pack(documents)]);
        var apart = Step([MicroBatch.Pack(documents[..1]), MicroBatch.Pack(documents[1..4]), MicroBatch.Pack(documents[4..])]);
        Assert.Equal(together.Outcome.Loss, apart.Outcome.Loss, 1e-5);
        Assert.All(together.Weights.Zip(apart.Weights), p => Assert.Equal(p.First, p.Second, 1e-5));

        static (StepOutcome Outcome, float[] Weights) Step(MicroBatch[] batches)
        {
            using var model = new BigramModel(noisy: false);
            using var optimizer = new AdamW(model.Parameters, new AdamWSettings { Epsilon = 1 });
            var outcome = new StepRunner(model, optimizer).Run(batches, 0, 0.1);
            Array.ForEach(batches, b => b.Dispose());
            return (outcome, model.Weights());
        }
    }

    [Fact]
    public void Evaluation_is_the_mean_loss_of_a_token_and_changes_nothing()
    {
        using var model = new BigramModel();
        var fixture = new TrainingFixture();
        using var folder = fixture.Folder;
        var options = fixture.Options();
        var reports = new Reports();
        using var trainer = new Trainer(new TrainingSetup
        {
            Model = model,
            Data = TrainingFixture.Data(heldOut: 9),
            Options = options with { Optimizer = options.Optimizer with { LearningRate = 0 }, Evaluation = new EvaluationOptions { Steps = 4 } },
            Observers = [reports],
        });
        var result = trainer.Run();
        Assert.Equal([0, 4, 8, 12], reports.Evaluations.Select(e => e.Step));
        Assert.Equal(TrainingFixture.Data(heldOut: 9).Evaluation.Sum(d => d.TrainedTokens), result.LastEvaluation!.Outcome.Tokens);
        Assert.Single(reports.Evaluations.Select(e => e.Outcome.Loss).Distinct());
        Assert.InRange(result.LastEvaluation.Outcome.Loss, 1, 6);
        Assert.Equal(Math.Exp(result.LastEvaluation.Outcome.Loss), result.LastEvaluation.Outcome.Perplexity);
    }

    [Fact]
    public void The_number_of_living_tensors_is_the_same_after_every_step()
    {
        var fixture = new TrainingFixture();
        using var folder = fixture.Folder;
        var options = fixture.Options();
        var counts = new TensorCounts();
        fixture.Train(options with { Steps = options.Steps with { MaximumSteps = 200 }, Saving = options.Saving with { Steps = null, Strategy = CadenceKind.No } }, observer: counts);
        Assert.Equal(200, counts.Counts.Count);
        // A step may have one or two micro-batches, whose tensors live until it ends.
        Assert.True(counts.Counts.Distinct().Count() <= 2, string.Join(", ", counts.Counts.Distinct()));
    }

    [Fact]
    public void A_loss_that_is_no_number_ends_the_run_before_the_weights_change()
    {
        var fixture = new TrainingFixture();
        using var folder = fixture.Folder;
        using var model = new BigramModel();
        model.Bias.Update(b => b.fill_(float.NaN));
        using var trainer = new Trainer(new TrainingSetup { Model = model, Data = TrainingFixture.Data(), Options = fixture.Options() });
        var error = Assert.Throws<NeotenyException>(() => trainer.Run());
        Assert.Equal("The loss is NaN at step 1 (learning rate 0); training cannot go on. Lower learning_rate, lengthen the warm-up, lower max_grad_norm, "
            + "or look for broken records in the data.", error.Message);
        Assert.DoesNotContain(model.Weights()[..16], float.IsNaN);
    }

    [Fact]
    public void A_full_disk_while_saving_leaves_the_previous_checkpoint()
    {
        var fixture = new TrainingFixture();
        using var folder = fixture.Folder;
        var error = Assert.Throws<NeotenyException>(() => fixture.Train(fixture.Options(), saver: new FullDisk(failAt: 2)));
        var (failed, kept) = (Path.Combine(fixture.Output, "checkpoint-10"), Path.Combine(fixture.Output, "checkpoint-5"));
        Assert.Equal($"The checkpoint after step 10 could not be saved. {failed} could not be written: the disk is full. Free some space, or choose another place. "
            + $"{kept} is intact; go on from it with 'resume_from_checkpoint: true'.", error.Message);
        Assert.Equal(1, error.ExitCode);
        Assert.Equal(["checkpoint-5"], Directory.EnumerateDirectories(fixture.Output).Select(d => Path.GetFileName(d)));
        var options = fixture.Options();
        Assert.Equal(12, fixture.Train(options with { Saving = options.Saving with { ResumeFrom = "true" } }).Result.Steps);
    }

    [Fact]
    public void The_final_model_lies_in_the_output_folder_without_weights_of_an_earlier_run()
    {
        var fixture = new TrainingFixture();
        using var folder = fixture.Folder;
        Directory.CreateDirectory(fixture.Output);
        folder.Write("out/model-00001-of-00002.safetensors", "old");
        fixture.Train(fixture.Options(), saver: new FullDisk(failAt: 0));
        Assert.Equal("weights", File.ReadAllText(Path.Combine(fixture.Output, "model.safetensors")));
        Assert.Equal("weights", File.ReadAllText(Path.Combine(fixture.Output, "checkpoint-12", "model.safetensors")));
        Assert.False(File.Exists(Path.Combine(fixture.Output, "model-00001-of-00002.safetensors")));
        Assert.True(File.Exists(fixture.Metrics));
    }

    [Fact]
    public void An_output_folder_that_cannot_be_written_is_refused_before_the_first_step()
    {
        var fixture = new TrainingFixture();
        using var folder = fixture.Folder;
        var file = folder.Write("taken", "");
        var output = Path.Combine(file, "out");
        var error = Assert.Throws<InputException>(() => fixture.Train(TrainingFixture.Options(output)));
        Assert.StartsWith($"output_dir {output} cannot be written: ", error.Message);
        Assert.EndsWith("Choose another folder, or change its permissions.", error.Message);
    }

    [Fact]
    public void A_model_without_trained_parameters_is_refused()
    {
        using var model = new BigramModel();
        model.Table.Trains = model.Bias.Trains = false;
        var error = Assert.Throws<InputException>(() => new Trainer(new TrainingSetup { Model = model, Data = TrainingFixture.Data(), Options = TrainingFixture.Options("out") }));
        Assert.Equal("No parameter of the model trains. Set an adapter, or train the whole model.", error.Message);
    }

    [Fact]
    public void Boundaries_run_before_every_step()
    {
        var fixture = new TrainingFixture();
        using var folder = fixture.Folder;
        using var model = new BigramModel();
        var boundary = new Boundary();
        using var trainer = new Trainer(new TrainingSetup { Model = model, Data = TrainingFixture.Data(), Options = fixture.Options(), Boundaries = [boundary] });
        trainer.Run();
        Assert.Equal(Enumerable.Range(0, 12), boundary.Steps);
    }

    private sealed class Boundary : IStepBoundary
    {
        public List<int> Steps { get; } = [];

        public void BeforeStep(int step) => Steps.Add(step);
    }

    private sealed class Reports : ITrainingObserver
    {
        public List<EvaluationReport> Evaluations { get; } = [];

        public void Evaluated(EvaluationReport evaluation) => Evaluations.Add(evaluation);
    }

    private sealed class TensorCounts : ITrainingObserver
    {
        public List<long> Counts { get; } = [];

        public void StepCompleted(StepReport step) => Counts.Add(torch.Tensor.TotalCount);
    }

    private sealed class FullDisk(int failAt) : IModelSaver
    {
        private const int NoSpace = 28;
        private int saves;

        public void Save(string folder)
        {
            File.WriteAllText(Path.Combine(folder, "model.safetensors"), "weights");
            if (++saves == failAt)
                throw new IOException("No space left on device", NoSpace);
        }
    }
}

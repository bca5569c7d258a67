using System.Runtime.InteropServices;
using Neoteny.Autograd;
using Neoteny.Batches;
using Neoteny.Core.Tests.Training.Support;
using Neoteny.Parameters;
using Neoteny.Training.Checkpoints;
using Neoteny.Training.Loop;
using static TorchSharp.torch;

namespace Neoteny.Core.Tests.Training.Memory;

public sealed class OutOfMemoryTests
{
    [Fact]
    public void Running_out_names_tensors_categories_and_keys_and_leaves_the_last_checkpoint()
    {
        var fixture = new TrainingFixture();
        using var folder = fixture.Folder;
        using var model = new BigramModel();
        var options = fixture.Options();
        using var trainer = new Trainer(new TrainingSetup { Model = new Exhausting(model, steps: 7), Data = TrainingFixture.Data(), Options = options });
        var error = Assert.Throws<NeotenyException>(() => trainer.Run());
        Assert.Equal(1, error.ExitCode);
        Assert.IsType<ExternalException>(error.InnerException);
        var checkpoint = Path.Combine(fixture.Output, "checkpoint-5");
        Assert.Equal($"""
            The GPU ran out of memory at step 7 (cpu). In use: weights 0.0 MiB, gradients 0.0 MiB, optimizer state 0.0 MiB, activations 0.0 MiB (most in model.layers.0 0.0 MiB, forward 0.0 MiB).
            Largest tensors alive: model.layers.0 bigram_loss Float32 [64, 16] 0.0 MiB; table.weight Float32 [16, 16] 0.0 MiB; table.weight.exp_avg Float32 [16, 16] 0.0 MiB; table.weight.exp_avg_sq Float32 [16, 16] 0.0 MiB; bias Float32 [16] 0.0 MiB.
            To need less: lower micro_batch_size (2) and raise gradient_accumulation_steps by as much; lower sequence_len (32); set gradient_checkpointing: true; train an adapter (adapter: lora) instead of all weights; set bf16: true where it is not; choose an optimizer with less state.
            The last checkpoint, {checkpoint}, is intact: go on from it with resume_from_checkpoint: {checkpoint}
            """.ReplaceLineEndings("\n"), error.Message.ReplaceLineEndings("\n"));
        Assert.True(File.Exists(Path.Combine(checkpoint, "trainer_state.json")));
    }

    [Fact]
    public void Another_failure_is_passed_on_as_it_is()
    {
        var fixture = new TrainingFixture();
        using var folder = fixture.Folder;
        using var model = new BigramModel();
        using var trainer = new Trainer(new TrainingSetup { Model = new Exhausting(model, steps: 1) { Message = "shapes differ" }, Data = TrainingFixture.Data(), Options = fixture.Options() });
        Assert.Equal("shapes differ", Assert.Throws<ExternalException>(() => trainer.Run()).Message);
    }

    /// <summary>Fails as libtorch does when a device is full, after recording one segment.</summary>
    private sealed class Exhausting(BigramModel model, int steps) : ITrainedModel
    {
        private const int MicroBatches = 2;
        private int calls;

        public string Message { get; init; } = "CUDA out of memory. Tried to allocate 2.00 GiB.";

        public IReadOnlyList<Parameter> Parameters => model.Parameters;

        public Device Device => model.Device;

        public Value ComputeLoss(Tape tape, MicroBatch batch, double scale)
        {
            var loss = tape.Segment("model.layers.0", _ => [model.ComputeLoss(tape, batch, scale)], [])[0];
            return ++calls <= (steps - 1) * MicroBatches ? loss : throw new ExternalException(Message);
        }
    }
}

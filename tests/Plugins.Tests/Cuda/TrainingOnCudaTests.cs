using Neoteny.Attention;
using Neoteny.Models.Decoder;
using Neoteny.Plugins.Flash;
using Neoteny.Plugins.Liger;
using Neoteny.Plugins.Sdpa;
using Neoteny.Runtime.AttentionOperators;
using Neoteny.Runtime.Cuda;
using Neoteny.Runtime.Operators;
using Neoteny.Tests;
using Neoteny.Training.Loop;
using TorchSharp;
using static TorchSharp.torch;

namespace Neoteny.Plugins.Tests.Cuda;

public sealed class TrainingOnCudaTests
{
    [CudaFact]
    public void A_step_of_full_fine_tuning_never_waits_for_the_device() => CheckSynchronization(adapts: false, checkpoint: false);

    [CudaFact]
    public void A_step_of_LoRA_with_checkpointed_layers_never_waits_for_the_device() => CheckSynchronization(adapts: true, checkpoint: true);

    [CudaFact]
    public void A_step_with_CUDA_graphs_never_waits_for_the_device()
    {
        CheckSynchronization(adapts: false, checkpoint: false, captures: true);
        CheckSynchronization(adapts: true, checkpoint: false, captures: true);
    }

    [CudaFact]
    public void Training_with_CUDA_graphs_is_that_without()
    {
        // Documents of other lengths come in every step; on Hopper FlashAttention-3 is captured with the layer.
        foreach (var kernel in new Func<IAttention>[] { () => new SdpaAttention(), () => ComputeCapability.Major(CUDA) == 9 ? new FlashAttention3() : new FlashAttention2() })
        {
            foreach (var adapts in new[] { false, true })
            {
                using var plain = new CudaRun(adapts, checkpoint: false, kernel()) { LoggingSteps = 1 };
                using var graphs = new CudaRun(adapts, checkpoint: false, kernel(), captures: true) { LoggingSteps = 1 };
                var (expected, actual) = (new Reports(), new Reports());
                plain.Train(observer: expected);
                graphs.Train(observer: actual);
                Assert.Contains(graphs.Notes, n => n.Contains("regions captured", StringComparison.Ordinal));
                Assert.DoesNotContain(graphs.Notes, n => n.Contains("operator by operator", StringComparison.Ordinal));
                Assert.DoesNotContain(graphs.Notes, n => n.Contains("again", StringComparison.Ordinal));
                Assert.All(expected.Steps.Zip(actual.Steps), s => Assert.Equal(s.First.Loss, s.Second.Loss, 0.01 * s.First.Loss));
                Assert.All(expected.Steps.Zip(actual.Steps), s => Assert.Equal(s.First.GradientNorm, s.Second.GradientNorm, 0.05 * s.First.GradientNorm));
            }
        }
    }

    [CudaFact]
    public void Attention_and_modules_are_exchanged_in_a_run_with_CUDA_graphs()
    {
        using var plain = new CudaRun(adapts: false, checkpoint: false) { LoggingSteps = 1 };
        using var graphs = new CudaRun(adapts: false, checkpoint: false, captures: true) { LoggingSteps = 1 };
        var (expected, actual) = (new Reports(), new Reports());
        plain.Train(observer: expected);
        graphs.Train(new Exchanges(graphs.Model), actual);
        Assert.Contains(graphs.Notes, n => n.Contains("captured again: model.layers.0", StringComparison.Ordinal));
        Assert.DoesNotContain(graphs.Notes, n => n.Contains("operator by operator", StringComparison.Ordinal));
        Assert.All(expected.Steps.Zip(actual.Steps), s => Assert.Equal(s.First.Loss, s.Second.Loss, 0.02 * s.First.Loss));
    }

    [CudaFact]
    public void A_dropout_mask_keeps_the_share_asked_for_and_is_a_function_of_its_key()
    {
        using var scope = NewDisposeScope();
        foreach (var dtype in new[] { ScalarType.Float32, ScalarType.BFloat16, ScalarType.Float16 })
        {
            var like = empty(1000, 999, dtype: dtype, device: CUDA);
            var mask = DropoutMask.Of(0.25, like, key: 5)!;
            Assert.Equal(dtype, mask.dtype);
            Assert.Equal(1, mask.to(ScalarType.Float32).mean().item<float>(), 0.005);
            Assert.Equal(0.25, mask.eq(zeros_like(mask)).to(ScalarType.Float32).mean().item<float>(), 0.005);
            Assert.True(mask.allclose(DropoutMask.Of(0.25, like, key: 5)!, 0, 0));
            Assert.False(mask.allclose(DropoutMask.Of(0.25, like, key: 5, index: 1)!, 0, 0));
        }
    }

    [CudaFact]
    public void Losses_fall_and_come_in_order_with_logging_at_every_step()
    {
        using var run = new CudaRun(adapts: false, checkpoint: false) { LoggingSteps = 1 };
        var reports = new Reports();
        run.Train(observer: reports);
        Assert.Equal(Enumerable.Range(1, run.Steps), reports.Steps.Select(s => s.Step));
        Assert.True(reports.Steps[^1].Loss < 0.8 * reports.Steps[0].Loss, $"{reports.Steps[0].Loss} to {reports.Steps[^1].Loss}");
        Assert.All(reports.Steps, s => Assert.True(s.GradientNorm > 0 && s.DeviceMemory > 0));
    }

    [CudaFact]
    public void Device_memory_is_flat_over_500_steps() => CheckMemory(captures: false);

    [CudaFact]
    public void Device_memory_is_flat_over_500_steps_with_CUDA_graphs() => CheckMemory(captures: true);

    private static void CheckMemory(bool captures)
    {
        using var run = new CudaRun(adapts: false, checkpoint: false, captures: captures) { Steps = 500 };
        var memory = new MemoryAtSteps();
        run.Train(memory);
        Assert.Equal(500, memory.Allocated.Count);

        // Tables of positions grow with the longest document seen, which the first epochs bring; graphs of the row at an epoch's end are captured in the fourth and eighth epoch.
        // A step at an epoch's end holds a row with other documents, two blocks of 512 bytes more: nothing may grow, but steps may differ.
        var settled = captures ? 300 : 100;
        Assert.Equal(memory.Allocated.Skip(settled).Take(100).Max(), memory.Allocated.Skip(settled + 100).Max());
        Assert.Equal(memory.Reserved.Skip(settled).Max(), memory.Reserved[settled]);
    }

    [CudaFact]
    public void Running_out_of_memory_names_tensors_categories_and_keys_and_leaves_the_last_checkpoint()
    {
        using var run = new CudaRun(adapts: false, checkpoint: false) { Steps = 30, SavingSteps = 5, Documents = 2500, SequenceLength = 32_768, MicroBatchSize = 4 };
        using var filler = new FillBefore(7);
        NeotenyException error;
        try
        {
            error = Assert.Throws<NeotenyException>(() => run.Train(filler));
        }
        finally
        {
            filler.Dispose();
            DeviceMemory.ReleaseUnused();
        }

        Console.WriteLine("    " + error.Message.ReplaceLineEndings("\n    "));
        var lines = error.Message.ReplaceLineEndings("\n").Split('\n');
        Assert.Equal(1, error.ExitCode);
        Assert.Matches(@"^The GPU ran out of memory at step 8 \(.*GiB\)\. The step's peak was .* GiB: weights .*, gradients .*, optimizer state .*, activations .*\.$", lines[0]);
        Assert.Matches(@"^Largest tensors alive: .* (BFloat16|Float32|Int64) \[.*\] .* [GM]iB;", lines[1]);
        Assert.StartsWith("To need less: lower micro_batch_size (4) and raise gradient_accumulation_steps by as much; lower sequence_len (32768); set gradient_checkpointing: true", lines[2]);
        Assert.EndsWith("checkpoint-5", lines[3]);
        Assert.True(File.Exists(Path.Combine(run.Output, "checkpoint-5", "trainer_state.json")));
    }

    private static void CheckSynchronization(bool adapts, bool checkpoint, bool captures = false)
    {
        using var run = new CudaRun(adapts, checkpoint, captures: captures);
        using var waits = new WaitsAtSteps();
        run.Train(waits);
        Assert.Equal(run.Steps, waits.Counts.Count);

        // The first steps may fetch constants; from then on there is none.
        // Graphs are captured in the fourth tape of each kind, and micro-batches that add to gradients later than the first of a step.
        Assert.True(waits.Counts[^1] == waits.Counts[captures ? 12 : 3], string.Join("\n", waits.Places.Skip(waits.Counts[captures ? 12 : 3])));
    }

    /// <summary>Another attention kernel from step 10 on, Liger's modules from step 20 on.</summary>
    private sealed class Exchanges(DecoderModel model) : IStepBoundary
    {
        public void BeforeStep(int step)
        {
            if (step == 10)
                (model.Attention.Exchange(ComputeCapability.Major(CUDA) == 9 ? new FlashAttention3() : new FlashAttention2()) as IDisposable)?.Dispose();
            else if (step == 20)
                Overrides.Install(model, new LigerRmsNorm(), new LigerRope(), new LigerGluActivation());
        }
    }

    private sealed class Reports : ITrainingObserver
    {
        public List<StepReport> Steps { get; } = [];

        public void StepCompleted(StepReport step) => Steps.Add(step);
    }

    private sealed class WaitsAtSteps : IStepBoundary, IDisposable
    {
        private SynchronizationCounter? counter;

        public List<int> Counts { get; } = [];

        public IReadOnlyList<string> Places => counter!.Places;

        public void BeforeStep(int step)
        {
            counter ??= new SynchronizationCounter();
            Counts.Add(counter.Count);
        }

        public void Dispose() => counter?.Dispose();
    }

    private sealed class MemoryAtSteps : IStepBoundary
    {
        public List<long> Allocated { get; } = [];

        public List<long> Reserved { get; } = [];

        public void BeforeStep(int step)
        {
            var use = DeviceMemory.Use(0);
            Allocated.Add(use.Allocated);
            Reserved.Add(use.Reserved);
        }
    }

    /// <summary>Leaves a device almost without memory from one step on.</summary>
    private sealed class FillBefore(int step) : IStepBoundary, IDisposable
    {
        private const long Left = 64L << 20;

        private Tensor? filler;

        public void BeforeStep(int next)
        {
            if (next != step)
                return;
            cuda.synchronize();
            DeviceMemory.ReleaseUnused();
            filler = empty(CudaDevice.Get(0).Memory().Free - Left, dtype: ScalarType.Byte, device: CUDA).DetachFromDisposeScope();
        }

        public void Dispose() => filler?.Dispose();
    }
}

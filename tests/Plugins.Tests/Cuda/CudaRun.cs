using Neoteny.Attention;
using Neoteny.Autograd;
using Neoteny.Models.Adapters;
using Neoteny.Models.Configuration;
using Neoteny.Models.Decoder;
using Neoteny.Plugins.CrossEntropy;
using Neoteny.Plugins.Lora;
using Neoteny.Plugins.Sdpa;
using Neoteny.Runtime;
using Neoteny.Runtime.Cuda;
using Neoteny.Runtime.Regions;
using Neoteny.Training.Data;
using Neoteny.Training.Loop;
using Neoteny.Training.Options;
using static TorchSharp.torch;

namespace Neoteny.Plugins.Tests.Cuda;

/// <summary>A small bf16 decoder on a GPU with random weights, trained by the trainer on made-up documents.</summary>
internal sealed class CudaRun : IDisposable
{
    private const int Vocabulary = 512;
    private const int HeadSize = 32;

    private readonly string folder = Directory.CreateTempSubdirectory("neoteny-cuda-").FullName;
    private readonly CapturedRegions? regions;

    /// <summary>Makes the model.</summary>
    /// <param name="adapts">Whether LoRA with dropout trains; else all weights.</param>
    /// <param name="checkpoint">Whether layers are checkpointed.</param>
    /// <param name="attention">The attention kernel; null for libtorch's.</param>
    /// <param name="captures">Whether layers run as CUDA graphs.</param>
    public CudaRun(bool adapts, bool checkpoint, IAttention? attention = null, bool captures = false)
    {
        manual_seed(1);
        Model = DecoderBuilder.Build(Spec, static (_, shape) => Weight(shape));
        Model.CheckpointsLayers = checkpoint;
        Model.Attention.Exchange(attention ?? new SdpaAttention());
        if (adapts)
        {
            AdapterSetup.Attach(Model, new LoraAdapter(new LoraOptions { Adapter = "lora", Rank = 4, Alpha = 8, Dropout = 0.1, TargetLinear = true }), saved: null, seed: 7);
        }
        else
        {
            foreach (var parameter in Model.BaseParameters)
                parameter.Trains = true;
        }

        regions = !captures ? null : new CapturedRegions(new GraphCapture(CudaDevice.Get(0)), [.. Model.Parameters.Where(p => p.Trains)], Notes.Add);
    }

    /// <summary>What was captured.</summary>
    public List<string> Notes { get; } = [];

    public DecoderModel Model { get; }

    public int Steps { get; init; } = 30;

    public int SequenceLength { get; init; } = 256;

    public int MicroBatchSize { get; init; } = 2;

    public int Documents { get; init; } = 200;

    /// <summary>No line is logged: nothing is waited for before the end.</summary>
    public int LoggingSteps { get; init; } = 100_000;

    public int SavingSteps { get; init; } = 100_000;

    public string Output => Path.Combine(folder, "out");

    private static DecoderSpec Spec => new()
    {
        VocabularySize = Vocabulary,
        HiddenSize = 128,
        Layers = [.. Enumerable.Repeat(
            new LayerSpec
            {
                Attention = new GroupedAttention { QueryHeads = 4, KeyHeads = 2, HeadSize = HeadSize },
                Mlp = new GatedMlp { IntermediateSize = 256 },
            },
            2)],
        Rotaries = [new RotarySpec { Rope = new RopeParameters(), HeadSize = HeadSize, MaxPositionEmbeddings = 512 }],
        NormEpsilon = 1e-5,
        TiesHead = true,
    };

    public TrainingResult Train(IStepBoundary? boundary = null, ITrainingObserver? observer = null)
    {
        using var trainer = new Trainer(new TrainingSetup
        {
            Model = new TrainedDecoder(Model, () => new CrossEntropyLoss()),
            Data = new TrainingData { Training = [.. Enumerable.Range(0, Documents).Select(Text)] },
            Options = new TrainingOptions(
                new DataOptions { SequenceLength = SequenceLength, Packing = true },
                new StepOptions { MaximumSteps = Steps, GradientAccumulation = 2, MicroBatchSize = MicroBatchSize },
                new OptimizerOptions { LearningRate = 1e-3 },
                new ScheduleOptions(),
                new SavingOptions { Folder = Output, Steps = SavingSteps },
                new EvaluationOptions(),
                new LoggingOptions { Steps = LoggingSteps }),
            Tapes = r => new TapeOptions { Seed = r.Seed, Recording = r.IsRecording, Regions = regions },
            Boundaries = boundary is null ? [] : [boundary],
            Observers = observer is null ? [] : [observer],
        });
        return trainer.Run();
    }

    public void Dispose()
    {
        regions?.Dispose();
        Model.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    private static Tensor Weight(long[] shape)
    {
        using var wide = shape.Length == 1 ? ones(shape) : randn(shape).mul_(Scalars.Of(0.05));
        return wide.to(ScalarType.BFloat16).to(CUDA);
    }

    private static Document Text(int number)
    {
        var length = 20 + (number * 37 % 200);
        return Document.Whole([.. Enumerable.Range(0, length).Select(i => (number + (i * 7)) % Vocabulary)]);
    }
}

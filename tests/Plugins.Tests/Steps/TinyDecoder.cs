using Neoteny.Attention;
using Neoteny.Autograd;
using Neoteny.Batches;
using Neoteny.Losses;
using Neoteny.Models.Adapters;
using Neoteny.Models.Configuration;
using Neoteny.Models.Decoder;
using Neoteny.Plugins.Lora;
using Neoteny.Runtime;
using Neoteny.Training.Optimizers;
using static TorchSharp.torch;

namespace Neoteny.Plugins.Tests.Steps;

/// <summary>A two-layer decoder with random weights that trains on one fixed row, or on two in turn.</summary>
internal sealed class TinyDecoder : IDisposable
{
    private readonly AdamW optimizer;
    private readonly MicroBatch[] batches;
    private readonly ILoss loss;
    private int step;
    private int row;

    public TinyDecoder(IAttention attention, ILoss loss, bool adapts, bool checkpoint, double dropout = 0.1, Device? device = null)
    {
        manual_seed(1);
        this.loss = loss;
        Model = Build(device);
        Model.CheckpointsLayers = checkpoint;
        Model.Attention.Exchange(attention);
        if (adapts)
        {
            var options = new LoraOptions { Adapter = "lora", Rank = 3, Alpha = 6, Dropout = dropout, TargetLinear = true };
            AdapterSetup.Attach(Model, new LoraAdapter(options), saved: null, seed: 7);
        }
        else
        {
            foreach (var parameter in Model.BaseParameters)
            {
                parameter.Trains = true;
            }
        }

        optimizer = new AdamW(Model.Parameters.Where(p => p.Trains), new AdamWSettings { WeightDecay = 0.01 });
        batches = [MicroBatch.Pack([Document(13), Document(1), Document(8)], device ?? CPU), MicroBatch.Pack([Document(17), Document(5)], device ?? CPU)];
    }

    public DecoderModel Model { get; }

    /// <summary>What runs inside a step; for tests that interfere there.</summary>
    public IReadOnlyList<ISegmentObserver> Observers { get; init; } = [];

    /// <summary>What runs regions; null for operator by operator.</summary>
    public IRegionRunner? Regions { get; set; }

    /// <summary>Micro-batches of a step, of other documents in turn; 1 for one row that is always the same.</summary>
    public int MicroBatches { get; init; } = 1;

    public static DecoderModel Build(Device? device = null) => DecoderBuilder.Build(
        new DecoderSpec
        {
            VocabularySize = 61,
            HiddenSize = 24,
            Layers = [.. Enumerable.Repeat(
                new LayerSpec
                {
                    Attention = new GroupedAttention { QueryHeads = 4, KeyHeads = 2, HeadSize = 6 },
                    Mlp = new GatedMlp { IntermediateSize = 40 },
                },
                2)],
            Rotaries = [new RotarySpec { Rope = new RopeParameters(), HeadSize = 6, MaxPositionEmbeddings = 64 }],
            NormEpsilon = 1e-5,
            TiesHead = true,
        },
        (_, shape) =>
        {
            // Numbers of the CPU's generator, so that they are the same on every device.
            using var weight = shape.Length == 1 ? ones(shape) : randn(shape).mul_(Scalars.Of(0.1));
            return weight.to(device ?? CPU);
        });

    /// <summary>One optimizer step; its loss.</summary>
    public float Step()
    {
        var value = 0f;
        step++;
        for (var i = 0; i < MicroBatches; i++)
        {
            using var tape = new Tape(new TapeOptions { Seed = (ulong)((step * MicroBatches) + i), Observers = Observers, Regions = Regions });
            value += Run(tape);
        }

        optimizer.Step(1e-2);
        foreach (var parameter in Model.Parameters)
        {
            parameter.SetGradient(null);
        }

        return value;
    }

    /// <summary>Forward and backward of the next micro-batch; its share of the loss.</summary>
    public float Run(Tape tape)
    {
        var batch = batches[MicroBatches == 1 ? 0 : row++ % 2];
        var root = Model.ComputeLoss(tape, batch, loss, 1.0 / (MicroBatches * batch.TrainedTokens));
        var value = root.Tensor.item<float>();
        tape.AddLoss(root);
        tape.Backward();
        return value;
    }

    /// <summary>All weights, copied.</summary>
    public float[][] Weights() => [.. Model.Parameters.Select(static p =>
    {
        using var lease = p.Rent();
        return lease.Tensor.cpu().data<float>().ToArray();
    })];

    private static (long[] Ids, long[] Labels) Document(int tokens)
    {
        long[] ids = [.. Enumerable.Range(0, tokens).Select(i => i * 17L % 61)];
        return (ids, ids);
    }

    public void Dispose()
    {
        optimizer.Dispose();
        Array.ForEach(batches, b => b.Dispose());
        Model.Dispose();
    }
}

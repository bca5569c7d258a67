using Neoteny.Batches;
using Neoteny.Benchmarks.Harness;
using Neoteny.Models.Adapters;
using Neoteny.Models.Decoder;
using Neoteny.Models.Loading;
using Neoteny.Plugins.CrossEntropy;
using Neoteny.Plugins.Lora;
using Neoteny.Plugins.Sdpa;
using Neoteny.Training.Loop;
using Neoteny.Training.Optimizers;
using TorchSharp;
using static TorchSharp.torch;

namespace Neoteny.Benchmarks.Steps;

/// <summary>The step as the trainer makes it.</summary>
internal sealed class NeotenyStep : IStep
{
    private readonly DecoderModel model;
    private readonly AdamW optimizer;
    private readonly StepRunner runner;
    private readonly List<MicroBatch> rows;
    private int steps;

    public NeotenyStep(StepCase of)
    {
        model = ModelLoader.Load(Repository.ExampleModel, new ModelLoadOptions { DType = ScalarType.Float32 });
        model.Attention.Exchange(new SdpaAttention());
        foreach (var parameter in model.BaseParameters)
        {
            parameter.Trains = true;
        }

        if (of.LoraRank > 0)
        {
            AdapterSetup.Attach(model, new LoraAdapter(new LoraOptions { Rank = of.LoraRank, Alpha = StepSettings.LoraAlpha, TargetLinear = true }), null, seed: 1);
        }

        var loss = new CrossEntropyLoss();
        optimizer = new AdamW(model.Parameters.Where(p => p.Trains), new AdamWSettings { WeightDecay = StepSettings.WeightDecay });
        runner = new StepRunner(new TrainedDecoder(model, () => loss), optimizer) { MaximumGradientNorm = StepSettings.MaximumGradientNorm };
        rows = [.. of.Rows().Select(r => MicroBatch.Pack([.. r.Select(d => (Wide(d.Ids), Wide(d.Labels)))]))];
    }

    public double Run(int row) => runner.Run([rows[row % rows.Count]], steps++, StepSettings.LearningRate).Loss;

    /// <summary>A copy of a weight by its name in a checkpoint or an adapter, or null; so that both sides start the same.</summary>
    public Tensor? Weight(string name)
    {
        if (model.Parameters.FirstOrDefault(p => p.Path == name) is not { } parameter)
        {
            return null;
        }

        using var lease = parameter.Rent();
        return lease.Tensor.clone();
    }

    public void Dispose()
    {
        rows.ForEach(r => r.Dispose());
        optimizer.Dispose();
        model.Dispose();
    }

    private static long[] Wide(int[] values) => [.. values.Select(v => (long)v)];
}

using Neoteny.Batches;
using Neoteny.Models.Adapters;
using Neoteny.Models.Decoder;
using Neoteny.Plugins.Lora;
using Neoteny.Runtime.Cuda;
using Neoteny.Runtime.Regions;
using Neoteny.Training.Loop;
using Neoteny.Training.Optimizers;
using TorchSharp;
using static TorchSharp.torch;

namespace Neoteny.Benchmarks.Gpu;

/// <summary>A model of random bf16 weights made on the device, with the plugins and the optimizer that a run would use.</summary>
internal sealed class GpuTraining : IDisposable
{
    private const int Rank = 16;
    private const double Alpha = 32;
    private const double Deviation = 0.02;

    private readonly List<string> notes = [];

    public GpuTraining(GpuCase of)
    {
        manual_seed(1);
        Model = DecoderBuilder.Build(of.Shape.Describe(of.Layers), Weight);
        Model.Attention.Exchange(GpuKernels.Attention[of.Attention]());
        foreach (var parameter in Model.BaseParameters)
            parameter.Trains = !of.IsAdapted;
        if (of.IsAdapted)
            AdapterSetup.Attach(Model, new LoraAdapter(new LoraOptions { Rank = Rank, Alpha = Alpha, TargetLinear = true }), null, seed: 1);
        GpuKernels.Override(Model, of.With);
        var loss = GpuKernels.Loss(of.With);
        Optimizer = new AdamW(Model.Parameters.Where(p => p.Trains), new AdamWSettings
        {
            StochasticRounding = of.State != GpuState.Master,
            BFloat16Moments = of.State == GpuState.Bf16,
        });
        Decoder = new TrainedDecoder(Model, () => loss);
        Regions = !of.Captures ? null : new CapturedRegions(new GraphCapture(CudaDevice.Get(0)), [.. Model.Parameters.Where(p => p.Trains)], notes.Add);
    }

    public DecoderModel Model { get; }

    /// <summary>What runs layers as graphs; null for operator by operator.</summary>
    public CapturedRegions? Regions { get; }

    /// <summary>What was captured.</summary>
    public IReadOnlyList<string> Notes => notes;

    public AdamW Optimizer { get; }

    public TrainedDecoder Decoder { get; }

    /// <summary>Weights in matrix products that one token passes through.</summary>
    public double ProductWeights
    {
        get
        {
            var experts = Model.Spec.Layers.Select(l => l.Mlp).OfType<SparseMlp>().FirstOrDefault();
            var share = experts is null ? 1 : (double)experts.Scoring.TopK / experts.ExpertCount;
            return Model.BaseParameters.Where(p => Model.Spec.TiesHead || p.Path != "model.embed_tokens.weight")
                .Sum(p => p.Shape.Count switch { 1 => 0, 2 => p.Count, _ => p.Count * share });
        }
    }

    /// <summary>A row of random tokens, all trained.</summary>
    public MicroBatch Row(int[] lengths, int seed)
    {
        var random = new Random(seed);
        return MicroBatch.Pack([.. lengths.Select(Document)], CUDA);

        (long[] Ids, long[] Labels) Document(int length)
        {
            long[] ids = [.. Enumerable.Range(0, length).Select(_ => random.NextInt64(Model.Spec.VocabularySize))];
            return (ids, ids);
        }
    }

    public void Dispose()
    {
        Regions?.Dispose();
        Optimizer.Dispose();
        Model.Dispose();
    }

    private Tensor Weight(string name, long[] shape)
    {
        using var guard = no_grad();
        return shape.Length == 1
            ? (name.Contains("norm", StringComparison.Ordinal) ? ones(shape, dtype: ScalarType.BFloat16, device: CUDA) : zeros(shape, dtype: ScalarType.BFloat16, device: CUDA))
            : empty(shape, dtype: ScalarType.BFloat16, device: CUDA).normal_(0, Deviation);
    }
}

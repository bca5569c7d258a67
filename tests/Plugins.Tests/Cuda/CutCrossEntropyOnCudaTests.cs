using Neoteny.Conformance;
using Neoteny.Losses;
using Neoteny.Parameters;
using Neoteny.Plugins.CCE;
using Neoteny.Plugins.CrossEntropy;
using Neoteny.Plugins.Tests.Losses;
using Neoteny.Runtime;
using Neoteny.Runtime.Cuda;
using Neoteny.Tests;
using static TorchSharp.torch;

namespace Neoteny.Plugins.Tests.Cuda;

/// <summary>Cut cross-entropy on a GPU against the plain loss on the CPU in fp32 from the same, already rounded inputs.</summary>
public sealed class CutCrossEntropyOnCudaTests
{
    private static readonly CceOptions[] Ways = [new(), new() { WorkspaceMegabytes = 16 }, new() { LowMemory = true }, new() { LowMemory = true, WorkspaceMegabytes = 16 }];

    private static readonly (ScalarType DType, double Tolerance)[] DTypes = [(ScalarType.Float32, 1e-4), (ScalarType.BFloat16, 1e-2), (ScalarType.Float16, 3e-3)];

    [CudaFact]
    public void Loss_and_gradients_are_those_of_the_CPU()
    {
        foreach (var (tokens, hidden, vocabulary) in new[] { (1, 64, 8), (1, 123, 50_257), (130, 128, 1000), (700, 123, 50_257), (260, 64, 256_000), (9000, 64, 2051) })
        {
            foreach (var (dtype, tolerance) in DTypes)
            {
                Compare(tokens, hidden, vocabulary, dtype, tolerance, LossFeatures.None);
            }
        }
    }

    [CudaFact]
    public void Logits_in_the_place_of_the_heads_gradient_change_nothing()
    {
        // All tokens there, or the first 1024 and the others in blocks; half as many in fp32.
        foreach (var (tokens, demands) in new[] { (1024, LossFeatures.None), (1500, LossFeatures.None), (1100, LossCalls.Everything) })
        {
            foreach (var (dtype, tolerance) in DTypes)
            {
                Compare(tokens, 512, 20_011, dtype, 2 * tolerance, demands);
            }
        }
    }

    [CudaFact]
    public void Every_semantic_is_that_of_the_CPU()
    {
        foreach (var (dtype, tolerance) in DTypes)
            Compare(600, 123, 5003, dtype, 2 * tolerance, LossCalls.Everything);
    }

    [CudaFact]
    public void Without_a_trained_label_everything_is_zero()
    {
        foreach (var way in Ways)
        {
            using var scope = NewDisposeScope();
            using var head = LossCalls.Head(LossCalls.Everything, ScalarType.BFloat16, 64, 1009, device: CUDA);
            var labels = full(300, Scalars.Of(-100L), dtype: ScalarType.Int64, device: CUDA);
            var result = new CutCrossEntropyLoss(way).Compute(LossCalls.Input(head, LossCalls.Everything, randn(300, 64, device: CUDA).to(ScalarType.BFloat16), labels));
            Assert.Equal(0, result.Loss.item<float>());
            Assert.All(head.Parameters.Select(p => p.Gradient).Append(result.HiddenGradient).Append(result.PerToken), g => Assert.True(g!.eq(Scalars.Zero).all().item<bool>()));
        }
    }

    [CudaFact]
    public void Logits_of_ten_thousand_stay_finite()
    {
        foreach (var way in Ways)
        {
            using var scope = NewDisposeScope();
            using var head = new ConformanceHead(new Parameter("head", tensor([1e4f, -1e4f, 0f]).unsqueeze(1).to(CUDA)) { Trains = true });
            var result = new CutCrossEntropyLoss(way).Compute(
                LossCalls.Input(head, LossFeatures.PerToken, ones(3, 1, device: CUDA), tensor([0L, 1L, 2L]).to(CUDA)));
            Assert.All(result.PerToken!.cpu().data<float>().Zip((float[])[0, 2e4f, 1e4f]), pair => Assert.Equal(pair.Second, pair.First, 1e-2));
            Assert.True(result.HiddenGradient!.isfinite().all().item<bool>());
            Assert.True(head.Weight.Gradient!.isfinite().all().item<bool>());
        }
    }

    [CudaFact]
    public void Only_the_filter_waits_for_the_device()
    {
        foreach (var (options, waits) in new[] { (new CceOptions(), 0), (new CceOptions { LowMemory = true }, 0), (new CceOptions { LowMemory = true, FilterThreshold = 1e-4 }, 1) })
        {
            using var scope = NewDisposeScope();
            using var head = LossCalls.Head(LossFeatures.None, ScalarType.BFloat16, 64, 5000, device: CUDA);
            var input = LossCalls.Input(head, LossFeatures.None, randn(600, 64, device: CUDA).to(ScalarType.BFloat16), LossCalls.Labels(600, 5000).to(CUDA));
            new CutCrossEntropyLoss(options).Compute(input);
            using var counter = new SynchronizationCounter();
            new CutCrossEntropyLoss(options).Compute(input);
            Assert.True(counter.Count == waits, string.Join('\n', counter.Places));
        }
    }

    [CudaFact]
    public void A_filter_moves_the_gradients_by_little()
    {
        using var scope = NewDisposeScope();
        manual_seed(5);
        var (hidden_TH, labels_T) = (randn(2000, 64).to(ScalarType.BFloat16).to(CUDA), LossCalls.Labels(2000, 900).to(CUDA));
        var weight_VH = randn(20_000, 64).mul_(Scalars.Of(0.1));
        weight_VH.narrow(0, 10_000, 10_000).narrow(1, 0, 1).sub_(Scalars.Of(20.0));
        hidden_TH.narrow(1, 0, 1).fill_(Scalars.One);
        (Tensor Head, Tensor Hidden) Run(double threshold)
        {
            using var head = new ConformanceHead(new Parameter("head", weight_VH.to(ScalarType.BFloat16).to(CUDA)) { Trains = true });
            var result = new CutCrossEntropyLoss(new CceOptions { LowMemory = true, FilterThreshold = threshold }).Compute(LossCalls.Input(head, LossFeatures.None, hidden_TH, labels_T));
            return (head.Weight.Gradient!.clone(), result.HiddenGradient!);
        }

        var ((exact, exactHidden), (filtered, hidden)) = (Run(0), Run(1e-4));
        Assert.True(filtered.narrow(0, 12_000, 7000).eq(Scalars.Zero).all().item<bool>());
        Near(exact, filtered, 2e-2, "head gradient");
        Near(exactHidden, hidden, 2e-2, "hidden gradient");
    }

    private static void Compare(int tokens, int hidden, int vocabulary, ScalarType dtype, double tolerance, LossFeatures demands)
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        manual_seed(11);
        var (hidden_TH, labels_T) = (randn(tokens, hidden).to(dtype), LossCalls.Labels(tokens, vocabulary));
        using var expectedHead = LossCalls.Head(demands, dtype, hidden, vocabulary);
        foreach (var parameter in expectedHead.Parameters)
        {
            using var lease = parameter.Rent(ScalarType.Float32);
            parameter.Load(lease.Tensor.clone());
        }

        var expected = new CrossEntropyLoss().Compute(LossCalls.Input(expectedHead, demands, hidden_TH.to(ScalarType.Float32), labels_T));
        foreach (var way in Ways)
        {
            using var inner = NewDisposeScope();
            using var head = LossCalls.Head(demands, dtype, hidden, vocabulary, device: CUDA);
            var actual = new CutCrossEntropyLoss(way).Compute(LossCalls.Input(head, demands, hidden_TH.to(CUDA), labels_T.to(CUDA)));
            var what = $"{tokens}x{hidden}x{vocabulary} {dtype} {way}: ";
            Near(expected.Loss, actual.Loss, tolerance / 10, what + "loss");
            Near(expected.HiddenGradient!, actual.HiddenGradient!, tolerance, what + "hidden gradient");
            foreach (var (e, a) in expectedHead.Parameters.Zip(head.Parameters))
                Near(e.Gradient!, a.Gradient!, tolerance, what + e.Path);
            if (demands.HasFlag(LossFeatures.PerToken))
                Near(expected.PerToken!, actual.PerToken!, tolerance, what + "losses of tokens");
        }
    }

    private static void Near(Tensor expected, Tensor actual, double tolerance, string what)
    {
        var (e, a) = (expected.cpu().to(ScalarType.Float32), actual.cpu().to(ScalarType.Float32));
        var error = a.sub(e).norm().item<float>() / Math.Max(1e-9f, e.norm().item<float>());
        Assert.True(error < tolerance, $"{what}: relative error {error}");
    }
}

using Neoteny.Conformance;
using Neoteny.Losses;
using Neoteny.Parameters;
using Neoteny.Plugins.CrossEntropy;
using Neoteny.Tests;
using static TorchSharp.torch;

namespace Neoteny.Plugins.Tests.Cuda;

/// <summary>The loss's CUDA kernel against the same loss on the CPU in fp32.</summary>
public sealed class CrossEntropyKernelTests
{
    [CudaFact]
    public void Loss_and_gradients_are_those_of_the_CPU()
    {
        foreach (var (tokens, hidden, vocabulary) in new[] { (1, 64, 8), (130, 128, 1000), (5000, 64, 128256), (33, 64, 1009) })
        {
            foreach (var (dtype, tolerance) in new[] { (ScalarType.Float32, 1e-4), (ScalarType.BFloat16, 2e-2) })
            {
                foreach (var demands in new[] { LossFeatures.None, LossFeatures.TokenWeights | LossFeatures.PerToken })
                    Compare(tokens, hidden, vocabulary, dtype, tolerance, demands);
            }
        }
    }

    private static void Compare(int tokens, int hidden, int vocabulary, ScalarType dtype, double tolerance, LossFeatures demands)
    {
        using var scope = NewDisposeScope();
        manual_seed(11);
        var (hidden_TH, weight_VH) = (randn(tokens, hidden).to(dtype), randn(vocabulary, hidden).mul(Runtime.Scalars.Of(0.1)).to(dtype));
        var labels_T = randint(0, vocabulary, [tokens], dtype: ScalarType.Int64);
        labels_T.narrow(0, 0, tokens / 3).fill_(Runtime.Scalars.Of(-100L));
        var weights_T = rand(tokens);
        var (expected, expectedWeight) = Run(hidden_TH.to(ScalarType.Float32), weight_VH.to(ScalarType.Float32), labels_T, weights_T, demands);
        var (actual, actualWeight) = Run(hidden_TH.to(CUDA), weight_VH.to(CUDA), labels_T.to(CUDA), weights_T.to(CUDA), demands);
        var what = $"{tokens}x{hidden}x{vocabulary} {dtype} {demands}: ";
        Near(expected.Loss, actual.Loss, tolerance / 10, what + "loss");
        Near(expected.HiddenGradient!, actual.HiddenGradient!, tolerance, what + "hidden gradient");
        Near(expectedWeight, actualWeight, tolerance, what + "weight gradient");
        if (demands.HasFlag(LossFeatures.PerToken))
            Near(expected.PerToken!, actual.PerToken!, tolerance / 2, what + "losses of tokens");
    }

    private static (LossResult Result, Tensor Weight) Run(Tensor hidden_TH, Tensor weight_VH, Tensor labels_T, Tensor weights_T, LossFeatures demands)
    {
        using var guard = no_grad();
        using var head = new ConformanceHead(new Parameter("head", weight_VH.clone()) { Trains = true });
        var result = new CrossEntropyLoss().Compute(new LossInput
        {
            Hidden = hidden_TH,
            Head = head,
            Labels = labels_T,
            Demands = demands,
            Scale = 1.0 / hidden_TH.size(0),
            NeedsGradient = true,
            TokenWeights = weights_T,
        });
        return (result, head.Weight.Gradient!.clone());
    }

    private static void Near(Tensor expected, Tensor actual, double tolerance, string what)
    {
        var (e, a) = (expected.to(ScalarType.Float32), actual.to(CPU).to(ScalarType.Float32));
        var error = a.sub(e).norm().item<float>() / Math.Max(1e-9f, e.norm().item<float>());
        Assert.True(error < tolerance, $"{what}: relative error {error}");
    }
}

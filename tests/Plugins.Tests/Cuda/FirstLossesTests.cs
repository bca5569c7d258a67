using Neoteny.Batches;
using Neoteny.Losses;
using Neoteny.Models.Configuration;
using Neoteny.Models.Decoder;
using Neoteny.Models.Families;
using Neoteny.Plugins.CCE;
using Neoteny.Plugins.CrossEntropy;
using Neoteny.Plugins.Liger;
using Neoteny.Plugins.Sdpa;
using Neoteny.Tests;
using Neoteny.Training.Loop;
using Neoteny.Training.Optimizers;
using TorchSharp;
using static TorchSharp.torch;

namespace Neoteny.Plugins.Tests.Cuda;

/// <summary>Losses of bf16 on a GPU against those of fp32 on the CPU, whose traces are Hugging Face's.</summary>
public sealed class FirstLossesTests
{
    private const int FewSteps = 10;
    private const int ManySteps = 100;
    private const int Window = 10;
    private const double Tolerance = 2e-2;

    // At six times this rate the curve of fp32 itself moves by several percent when the rate changes by a thousandth.
    private const double SteadyRate = 5e-4;
    private const double SteadyTolerance = 1e-2;

    private const string Config = """
        { "model_type": "llama", "vocab_size": 1024, "hidden_size": 256, "num_hidden_layers": 4, "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 64,
          "intermediate_size": 768, "rms_norm_eps": 1e-5, "rope_theta": 10000.0, "max_position_embeddings": 4096, "tie_word_embeddings": true }
        """;

    [CudaFact]
    public void The_first_ten_steps_in_bf16_on_the_GPU_have_the_losses_of_the_CPU_in_fp32()
    {
        var expected = Losses(CPU, ScalarType.Float32, new AdamWSettings(), FewSteps);
        foreach (var settings in new[] { new AdamWSettings(), new AdamWSettings { StochasticRounding = true }, new AdamWSettings { StochasticRounding = true, BFloat16Moments = true } })
        {
            var actual = Losses(CUDA, ScalarType.BFloat16, settings, FewSteps);
            Assert.True(expected[^1] < 0.9 * expected[0], $"{expected[0]} to {expected[^1]}");
            Assert.All(expected.Zip(actual), pair => Assert.Equal(pair.First, pair.Second, Tolerance * pair.First));
        }
    }

    [CudaFact]
    public void A_hundred_steps_in_bf16_on_the_GPU_follow_the_curve_of_the_CPU_in_fp32()
    {
        double[] Run(Device device, ScalarType dtype, bool isFused = false) => Losses(device, dtype, new AdamWSettings(), ManySteps, SteadyRate, isFused);
        var expected = Run(CPU, ScalarType.Float32);
        var plain = Run(CUDA, ScalarType.BFloat16);
        var fused = Run(CUDA, ScalarType.BFloat16, isFused: true);
        Console.WriteLine($"    means of {Window} steps: fp32 {Curve(expected)}; bf16 {Curve(plain)}; with Liger and CCE {Curve(fused)}");
        Assert.True(Mean(expected, (ManySteps / Window) - 1) < 0.4 * Mean(expected, 0));
        for (var window = 0; window < ManySteps / Window; window++)
        {
            var mean = Mean(expected, window);
            Assert.Equal(mean, Mean(plain, window), SteadyTolerance * mean);
            Assert.Equal(mean, Mean(fused, window), SteadyTolerance * mean);
        }
    }

    private static double Mean(double[] losses, int window) => losses.AsSpan(window * Window, Window).ToArray().Average();

    private static string Curve(double[] losses) => string.Join(' ', Enumerable.Range(0, losses.Length / Window).Select(w => FormattableString.Invariant($"{Mean(losses, w):f3}")));

    private static double[] Losses(Device device, ScalarType dtype, AdamWSettings settings, int steps, double rate = 3e-3, bool isFused = false)
    {
        var config = HuggingFaceConfig.Parse(Config, "config.json");
        using var generator = new Generator(3, CPU);
        using var model = DecoderBuilder.Build(ModelFamilies.Of(config).Describe(config), (name, shape) =>
        {
            using var scope = NewDisposeScope();
            var weight = shape.Length == 1 ? ones(shape) : empty(shape).normal_(0, 0.02, generator);
            return weight.to(ScalarType.BFloat16).to(dtype).to(device).MoveToOuterDisposeScope();
        });
        model.Attention.Exchange(new SdpaAttention());
        if (isFused)
            Overrides.Install(model, new LigerRmsNorm(), new LigerRope(), new LigerGluActivation());
        foreach (var parameter in model.BaseParameters)
            parameter.Trains = true;
        using var optimizer = new AdamW(model.Parameters, settings);
        ILoss loss = isFused ? new CutCrossEntropyLoss(new CceOptions()) : new CrossEntropyLoss();
        var runner = new StepRunner(new TrainedDecoder(model, () => loss), optimizer) { MaximumGradientNorm = 1 };
        var random = new Random(5);
        (long[], long[]) Document(int length)
        {
            // Mostly one token after another, so that there is something to learn.
            long[] ids = [.. Enumerable.Range(random.Next(100), length).Select(t => random.Next(5) == 0 ? random.NextInt64(1024) : t % 64L)];
            return (ids, ids);
        }

        var losses = new double[steps];
        for (var step = 0; step < losses.Length; step++)
        {
            using var row = MicroBatch.Pack([Document(300), Document(180), Document(32)], device);
            losses[step] = runner.Run([row], step, rate).Loss;
        }

        return losses;
    }
}

using Neoteny.Batches;
using Neoteny.Models.Configuration;
using Neoteny.Models.Decoder;
using Neoteny.Models.Families;
using Neoteny.Plugins.CrossEntropy;
using Neoteny.Plugins.Sdpa;
using Neoteny.Tests;
using Neoteny.Training.Loop;
using Neoteny.Training.Optimizers;
using TorchSharp;
using static TorchSharp.torch;

namespace Neoteny.Plugins.Tests.Cuda;

public sealed class FirstLossesTests
{
    private const int Steps = 10;
    private const double Tolerance = 2e-2;

    private const string Config = """
        { "model_type": "llama", "vocab_size": 1024, "hidden_size": 256, "num_hidden_layers": 4, "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 64,
          "intermediate_size": 768, "rms_norm_eps": 1e-5, "rope_theta": 10000.0, "max_position_embeddings": 4096, "tie_word_embeddings": true }
        """;

    [CudaFact]
    public void The_first_ten_steps_in_bf16_on_the_GPU_have_the_losses_of_the_CPU_in_fp32()
    {
        var expected = Losses(CPU, ScalarType.Float32, new AdamWSettings());
        foreach (var settings in new[] { new AdamWSettings(), new AdamWSettings { StochasticRounding = true }, new AdamWSettings { StochasticRounding = true, BFloat16Moments = true } })
        {
            var actual = Losses(CUDA, ScalarType.BFloat16, settings);
            Assert.True(expected[^1] < 0.9 * expected[0], $"{expected[0]} to {expected[^1]}");
            Assert.All(expected.Zip(actual), pair => Assert.Equal(pair.First, pair.Second, Tolerance * pair.First));
        }
    }

    private static double[] Losses(Device device, ScalarType dtype, AdamWSettings settings)
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
        foreach (var parameter in model.BaseParameters)
            parameter.Trains = true;
        using var optimizer = new AdamW(model.Parameters, settings);
        var loss = new CrossEntropyLoss();
        var runner = new StepRunner(new TrainedDecoder(model, () => loss), optimizer) { MaximumGradientNorm = 1 };
        var random = new Random(5);
        (long[], long[]) Document(int length)
        {
            // Mostly one token after another, so that there is something to learn.
            long[] ids = [.. Enumerable.Range(random.Next(100), length).Select(t => random.Next(5) == 0 ? random.NextInt64(1024) : t % 64L)];
            return (ids, ids);
        }

        var losses = new double[Steps];
        for (var step = 0; step < Steps; step++)
        {
            using var row = MicroBatch.Pack([Document(300), Document(180), Document(32)], device);
            losses[step] = runner.Run([row], step, 3e-3).Loss;
        }

        return losses;
    }
}

using Neoteny.Benchmarks.Harness;
using Neoteny.Models.Checkpoints;
using Neoteny.Models.Loading;
using Neoteny.Runtime.Native;
using static TorchSharp.torch;

namespace Neoteny.Benchmarks.Checkpoints;

/// <summary>Peak memory of building and loading a sharded bf16 model of about 2 GB.</summary>
internal sealed class LoadMemoryBenchmark : IBenchmark
{
    public const string ChildName = "load-memory";

    private const long ShardSize = 500_000_000;

    private const string Config = """
        {
          "model_type": "llama", "architectures": ["LlamaForCausalLM"], "dtype": "bfloat16",
          "hidden_size": 2048, "intermediate_size": 5632, "num_hidden_layers": 18, "num_attention_heads": 32, "num_key_value_heads": 8,
          "vocab_size": 64000, "max_position_embeddings": 2048, "rms_norm_eps": 1e-5, "tie_word_embeddings": false
        }
        """;

    public string Name => "load-memory";

    public int DefaultRepeat => 3;

    public Report Run(int repeat)
    {
        LibTorch.Load();
        var folder = Directory.CreateTempSubdirectory("neoteny-bench-").FullName;
        try
        {
            var bytes = Write(folder);
            var answers = Enumerable.Range(0, repeat).Select(_ => Child.Run(ChildName, folder)).ToList();
            return new Report
            {
                Title = "Peak memory of loading a bf16 checkpoint",
                Method = "A child process builds a Llama model and loads its weights from shards of 500 MB. Its peak resident memory, libtorch and .NET included, is divided by the "
                    + "bytes of the weights.",
                Measurements =
                [
                    new($"{bytes / 1e6:f0} MB", "peak of the process", "MB", [.. answers.Select(a => a["peak"][0] / 1e6)]),
                    new($"{bytes / 1e6:f0} MB", "resident before the model", "MB", [.. answers.Select(a => a["before"][0] / 1e6)]),
                    new($"{bytes / 1e6:f0} MB", "time", "s", [.. answers.Select(a => a["seconds"][0])]),
                    new($"{bytes / 1e6:f0} MB", "peak / size of the weights", "x", [.. answers.Select(a => a["peak"][0] / bytes)], "at most 1.15"),
                ],
            };
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>What the child does.</summary>
    public static IReadOnlyDictionary<string, double[]> Measure(string folder)
    {
        LibTorch.Load();
        var before = ResidentMemory.Now;
        var start = System.Diagnostics.Stopwatch.GetTimestamp();
        using var model = ModelLoader.Load(folder);
        return new Dictionary<string, double[]>
        {
            ["before"] = [before],
            ["seconds"] = [System.Diagnostics.Stopwatch.GetElapsedTime(start).TotalSeconds],
            ["peak"] = [ResidentMemory.Peak],
        };
    }

    /// <returns>Bytes of the weights.</returns>
    private static long Write(string folder)
    {
        File.WriteAllText(Path.Combine(folder, "config.json"), Config);
        using (var model = ModelLoader.Describe(folder))
        {
            CheckpointWriter.WriteFiles(folder, [.. model.BaseParameters.Select(p => Source(p.Path, [.. p.Shape]))], ShardSize);
        }

        using var written = CheckpointReader.Open(folder);
        return written.Bytes;
    }

    private static TensorSource Source(string name, long[] shape)
        => new(name, ScalarType.BFloat16, shape, () => full(shape, 0.01f, dtype: ScalarType.BFloat16));
}

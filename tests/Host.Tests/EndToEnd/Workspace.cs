using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using Neoteny.Models.Configuration;
using Neoteny.Models.Loading;
using Neoteny.Runtime.Native;
using TorchSharp;

namespace Neoteny.Host.Tests.EndToEnd;

/// <summary>A folder with a tiny model and tiny data, in which a test trains.</summary>
public sealed class Workspace : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("neoteny-e2e-").FullName;

    public Workspace()
    {
        LibTorch.Load();
        Directory.CreateDirectory(Model);
        CopyTokenizer();
        var config = JsonNode.Parse(File.ReadAllText(Fixture("models/llama/config.json")))!.AsObject();
        (config["vocab_size"], config["max_position_embeddings"]) = (625, 256);
        (config["bos_token_id"], config["eos_token_id"], config["pad_token_id"]) = (null, 622, 620);
        File.WriteAllText(Path.Combine(Model, "config.json"), config.ToJsonString());
        using (var model = ModelLoader.Load(Model, new ModelLoadOptions { FreshSeed = 3, DType = torch.ScalarType.Float32 }))
            ModelSaver.Write(Model, model, HuggingFaceConfig.Open(Model), Model);
        File.WriteAllLines(Data, Enumerable.Range(1, 24).Select(Conversation));
    }

    /// <summary>The model's folder.</summary>
    public string Model => At("model");

    /// <summary>The data file: 24 short conversations.</summary>
    public string Data => At("data.jsonl");

    public string At(string name) => Path.Combine(folder, name);

    /// <summary>Writes a file and returns its path.</summary>
    public string Write(string name, string text)
    {
        File.WriteAllText(At(name), text);
        return At(name);
    }

    /// <summary>Copies the model, so that a test can damage it.</summary>
    public string CopyModel(string name)
    {
        Directory.CreateDirectory(At(name));
        foreach (var file in Directory.EnumerateFiles(Model))
            File.Copy(file, Path.Combine(At(name), Path.GetFileName(file)));
        return At(name);
    }

    /// <summary>Writes a configuration whose output is the folder of the same name.</summary>
    /// <param name="name">The output folder's name.</param>
    /// <param name="changes">Keys that are added or replaced; null removes one.</param>
    /// <returns>The file.</returns>
    public string Config(string name, params IEnumerable<(string Key, string? Value)> changes)
    {
        var keys = new Dictionary<string, string?>
        {
            ["base_model"] = Model,
            ["datasets"] = $"[{{ path: {Data}, type: chat_template }}]",
            ["sequence_len"] = "128",
            ["sample_packing"] = "true",
            ["max_steps"] = "4",
            ["learning_rate"] = "1e-2",
            ["save_strategy"] = "no",
            ["output_dir"] = At(name),
            ["device"] = "cpu",
        };
        foreach (var (key, value) in changes)
            keys[key] = value;
        return Write($"{name}.yml", string.Join('\n', keys.Where(k => k.Value is not null).Select(k => $"{k.Key}: {k.Value}")));
    }

    /// <summary>The keys of a LoRA run, dropout included.</summary>
    public static IEnumerable<(string Key, string? Value)> Lora =>
        [("adapter", "lora"), ("lora_r", "4"), ("lora_alpha", "16"), ("lora_dropout", "0.1"), ("lora_target_linear", "true")];

    /// <summary>The losses in a run's metrics.</summary>
    public double[] Losses(string name) =>
        [.. File.ReadLines(Path.Combine(At(name), "metrics.jsonl")).Select(l => JsonDocument.Parse(l).RootElement.GetProperty("loss").GetDouble())];

    /// <summary>The hashes of the weights and the optimizer's state in a folder.</summary>
    public Dictionary<string, string> Hashes(string name) => Directory.EnumerateFiles(At(name), "*.safetensors")
        .ToDictionary(f => Path.GetFileName(f), f => Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(f))));

    /// <summary>The path of a test fixture.</summary>
    public static string Fixture(string path)
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Framework.sln")))
            folder = folder.Parent!;
        return Path.Combine(folder.FullName, "tests/Fixtures", path);
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private static string Conversation(int number) => JsonSerializer.Serialize(new
    {
        messages = new[] { new { role = "user", content = $"What is {number} and {number}?" }, new { role = "assistant", content = $"It is {number + number}." } },
    });

    private void CopyTokenizer()
    {
        foreach (var file in Directory.EnumerateFiles(Fixture("tokenizers/bpe-chatml")).Where(f => Path.GetFileName(f) != "expected.json"))
            File.Copy(file, Path.Combine(Model, Path.GetFileName(file)));
    }
}

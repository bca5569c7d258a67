using System.Text.Json.Nodes;
using Neoteny.Batches;
using Neoteny.Models.Checkpoints;
using Neoteny.Tests;
using static TorchSharp.torch;

namespace Neoteny.Parity.Tests.Training;

/// <summary>One folder of train/: the micro-batches of each step and what the reference computed.</summary>
internal sealed class TrainingCase : IDisposable
{
    private readonly SafetensorsFile trace;

    public TrainingCase(string name)
    {
        var folder = FixtureFolders.Folder("train", name);
        trace = SafetensorsFile.Open(Path.Combine(folder, "trace.safetensors"));
        Meta = JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "meta.json")))!;
    }

    public JsonNode Meta { get; }

    public JsonNode Optimizer => Meta["optimizer"]!;

    public string Base => Path.GetFileName(Meta["base"]!.GetValue<string>());

    /// <summary>How far the reference's own final weights move under a perturbation of rounding size; 0 where it does not say.</summary>
    public double Sensitivity => Meta["sensitivity"]?["max_final_weight_diff"]?.GetValue<double>() ?? 0;

    public int Steps => Meta["steps"]!.GetValue<int>();

    public string[] WithoutDecay => [.. Optimizer["no_weight_decay"]!.AsArray().Select(n => n!.GetValue<string>())];

    public double[] Numbers(string name)
    {
        using var tensor = trace.Read(name);
        using var wide = tensor.to(ScalarType.Float64);
        return [.. wide.data<double>()];
    }

    public bool Has(string name) => trace.Contains(name);

    public Tensor Final(string path) => trace.Read($"final.{path}");

    public IEnumerable<string> FinalPaths => trace.Entries.Select(e => e.Name).Where(n => n.StartsWith("final.", StringComparison.Ordinal)).Select(n => n["final.".Length..]);

    /// <summary>The micro-batches of a step: the rows of each lie end to end.</summary>
    public IReadOnlyList<MicroBatch> Batches(int step)
    {
        using var ids = trace.Read("input_ids");
        using var labels = trace.Read("labels");
        return [.. Enumerable.Range(0, (int)ids.size(1)).Select(m => MicroBatch.Pack(
            [.. Enumerable.Range(0, (int)ids.size(2)).Select(r => (Row(ids, step, m, r), Row(labels, step, m, r)))], TestDevice.Current))];
    }

    public void Dispose() => trace.Dispose();

    private static long[] Row(Tensor tensor, int step, int micro, int row)
    {
        using var part = tensor[step, micro, row];
        return [.. part.data<long>()];
    }
}

using System.Text.Json.Nodes;
using Neoteny;
using Neoteny.Adapters;
using Neoteny.Modules;
using Neoteny.Parameters;
using Neoteny.Plugins;
using static TorchSharp.torch;

namespace PluginNamespace;

/// <summary>Low-rank deltas (Hu et al. 2021) on every linear module.</summary>
[Provides(Kind, Summary = "Low-rank deltas on every linear module.")]
public sealed class PlainAdapter(PlainAdapterOptions options) : IAdapter
{
    private const string Kind = "my_plugin";
    private const string Prefix = "base_model.model.";

    /// <inheritdoc/>
    public AdapterFeatures Supports => AdapterFeatures.None;

    /// <inheritdoc/>
    public IEnumerable<string> Claim(AdapterRequest request) => request.Model.Of<ILinear>().Select(site => site.Path);

    /// <inheritdoc/>
    public LowRankDelta Attach(ModuleSite site, AdapterRequest request)
    {
        var (outputs, inputs) = (((ILinear)site.Original).Weight.Shape[0], ((ILinear)site.Original).Weight.Shape[1]);
        var (rank, alpha) = request.Saved is { } saved ? Settings(saved) : (options.Rank, options.Alpha);
        return new LowRankDelta
        {
            A = Make(site, request, "lora_A.weight", [rank, inputs]),
            B = Make(site, request, "lora_B.weight", [outputs, rank]),
            Scale = alpha / rank,
        };
    }

    /// <inheritdoc/>
    public bool Reads(AdapterFiles files) => files.Configuration.Contains($"\"peft_type\": \"{Kind}\"", StringComparison.Ordinal);

    /// <inheritdoc/>
    public AdapterFiles Export(AdapterExport export)
    {
        var tensors = new Dictionary<string, Tensor>();
        foreach (var parameter in export.Deltas.SelectMany(d => d.Value.Parameters))
        {
            using var lease = parameter.Rent();
            tensors[Prefix + parameter.Path] = lease.Tensor;
        }

        var delta = export.Deltas[0].Value;
        var configuration = new JsonObject
        {
            ["peft_type"] = Kind,
            ["base_model_name_or_path"] = export.BaseModel,
            ["r"] = delta.Rank,
            ["lora_alpha"] = delta.Scale * delta.Rank,
        };
        return new AdapterFiles { Configuration = configuration.ToJsonString(new() { WriteIndented = true }), Tensors = tensors };
    }

    private static (long Rank, double Alpha) Settings(AdapterFiles files)
    {
        var json = JsonNode.Parse(files.Configuration)!;
        return ((long)json["r"]!, (double)json["lora_alpha"]!);
    }

    /// <summary>A saved tensor; or a fresh one: A at random, and B zero, so that nothing changes at first.</summary>
    private static Parameter Make(ModuleSite site, AdapterRequest request, string name, long[] shape)
    {
        var device = site.Parameters[0].Device;
        if (request.Saved is null)
        {
            return site.AddParameter(name, (name[5] == 'A' ? Fresh(site.Path, request.Seed, shape) : zeros(shape)).to(device));
        }

        var full = $"{Prefix}{site.Path}.{name}";
        return request.Saved.Tensors.GetValueOrDefault(full) is { } saved && saved.shape.SequenceEqual(shape)
            ? site.AddParameter(name, saved.to(ScalarType.Float32, copy: true).to(device))
            : throw new InputException($"adapter_model.safetensors has no tensor '{full}' of shape [{string.Join(", ", shape)}]. The adapter belongs to another model.");
    }

    /// <summary>Uniform in <c>+-1 / sqrt(inputs)</c>, from the run's seed and the site's path: the same in every run of that seed.</summary>
    private static Tensor Fresh(string path, ulong seed, long[] shape)
    {
        using var generator = new Generator(path.Aggregate(seed + 14695981039346656037UL, static (hash, c) => (hash ^ c) * 1099511628211UL), CPU);
        var bound = 1 / Math.Sqrt(shape[1]);
        return empty(shape).uniform_(-bound, bound, generator);
    }
}

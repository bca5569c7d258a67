using System.Text.Json;
using System.Text.Json.Nodes;
using Neoteny.Adapters;
using Neoteny.Modules;
using Neoteny.Parameters;
using TorchSharp;
using static TorchSharp.torch;

namespace Neoteny.Plugins.Lora;

/// <summary>LoRA (Hu et al. 2021), rsLoRA (Kalajdzievski 2023) and DoRA (Liu et al. 2024) on linear sites.</summary>
[Provides(AdapterName, Summary = "Low-rank adapters on linear modules; PEFT's file format.")]
public sealed class LoraAdapter(LoraOptions options) : IAdapter
{
    /// <summary>What configuration files call it.</summary>
    internal const string AdapterName = "lora";

    internal const string Prefix = "base_model.model.";
    private readonly Dictionary<LowRankDelta, LoraConfiguration> configurations = [];

    /// <inheritdoc/>
    public AdapterFeatures Supports => AdapterFeatures.Dropout | AdapterFeatures.Magnitude;

    /// <inheritdoc/>
    public IEnumerable<string> Claim(AdapterRequest request) => Configuration(request).Targets.Match(request.Model);

    /// <inheritdoc/>
    public IEnumerable<KeyValuePair<string, Parameter>> ClaimWhole(AdapterRequest request)
    {
        var configuration = Configuration(request);
        var whole = WholeModules.Of(configuration, request.Model);
        if (request.Saved is { } saved)
        {
            WholeModules.CheckTies(configuration, whole, saved);
        }

        return [.. whole, .. TrainedBiases.Of(configuration, request.Model, request.Saved)];
    }

    /// <inheritdoc/>
    public LowRankDelta Attach(ModuleSite site, AdapterRequest request)
    {
        var configuration = Configuration(request);
        var linear = (ILinear)site.Original;
        var rank = Pattern(configuration.RankPattern, "rank_pattern", site.Path, configuration.Rank);
        var (outputs, inputs) = (linear.Weight.Shape[0], linear.Weight.Shape[1]);
        var name = Prefix + site.Path;
        var delta = new LowRankDelta
        {
            A = Make(site, request, $"{name}.lora_A.weight", [rank, inputs], () => Fresh(site, request.Seed, rank, inputs)),
            B = Make(site, request, $"{name}.lora_B.weight", [outputs, rank], () => zeros(outputs, rank)),
            Magnitude = configuration.UseDora
                ? Make(site, request, $"{name}.lora_magnitude_vector", [outputs], () => Norms(linear.Weight))
                : null,
            Scale = configuration.Scale(rank, Pattern(configuration.AlphaPattern, "alpha_pattern", site.Path, configuration.Alpha)),
            Dropout = configuration.Dropout,
        };
        configurations[delta] = configuration;
        return delta;
    }

    /// <inheritdoc/>
    public bool Reads(AdapterFiles files)
    {
        try
        {
            return (string?)JsonNode.Parse(files.Configuration)?["peft_type"] == "LORA";
        }
        catch (JsonException)
        {
            return false;
        }
    }

    /// <inheritdoc/>
    public AdapterFiles Export(AdapterExport export)
    {
        var tensors = new Dictionary<string, Tensor>();
        foreach (var (path, delta) in export.Deltas)
        {
            Add($"{Prefix}{path}.lora_A.weight", delta.A);
            Add($"{Prefix}{path}.lora_B.weight", delta.B);
            if (delta.Magnitude is { } magnitude)
            {
                Add($"{Prefix}{path}.lora_magnitude_vector", magnitude);
            }
        }

        var configuration = configurations[export.Deltas[0].Value];
        foreach (var (name, parameter) in WholeModules.Of(configuration, export.Model).Concat(TrainedBiases.Of(configuration, export.Model, null)))
        {
            Add(name, parameter);
        }

        return new AdapterFiles { Configuration = configuration.ToJson(export.BaseModel, export.Deltas.Select(d => d.Key)), Tensors = tensors };

        void Add(string name, Parameter parameter)
        {
            using var lease = parameter.Rent();
            tensors[name] = lease.Tensor;
        }
    }

    private static Parameter Make(ModuleSite site, AdapterRequest request, string name, long[] shape, Func<Tensor> fresh)
    {
        // Adapters train in fp32 whatever the model's dtype, as PEFT does by default.
        var below = name[(Prefix.Length + site.Path.Length + 1)..];
        using var scope = NewDisposeScope();
        if (request.Saved is null)
        {
            return site.AddParameter(below, fresh().to(((ILinear)site.Original).Weight.Device).MoveToOuterDisposeScope());
        }

        if (!request.Saved.Tensors.TryGetValue(name, out var saved))
        {
            throw new InputException($"adapter_model.safetensors has no tensor '{name}', which adapter_config.json calls for. The adapter belongs to another model, or its file is incomplete.");
        }

        if (!saved.shape.SequenceEqual(shape))
        {
            throw new InputException($"adapter_model.safetensors: '{name}' has shape [{string.Join(", ", saved.shape)}] where the model and rank need "
                + $"[{string.Join(", ", shape)}]. The adapter belongs to another model.");
        }

        return site.AddParameter(below, saved.to(ScalarType.Float32, copy: true).to(((ILinear)site.Original).Weight.Device).MoveToOuterDisposeScope());
    }

    /// <summary>A uniform in <c>+-1 / sqrt(inputs)</c> (He et al. 2015 with a = sqrt(5), as PEFT does), drawn from the run's seed and the site's name.</summary>
    private static Tensor Fresh(ModuleSite site, ulong seed, int rank, long inputs)
    {
        var hash = site.Path.Aggregate(14695981039346656037UL ^ seed, static (h, c) => (h ^ c) * 1099511628211UL);
        using var generator = new Generator(hash, CPU);
        var bound = 1 / Math.Sqrt(inputs);
        return empty(rank, inputs).uniform_(-bound, bound, generator);
    }

    private static Tensor Norms(Parameter weight)
    {
        using var lease = weight.Rent(ScalarType.Float32);
        return lease.Tensor.norm(1, false, 2f);
    }

    private static T Pattern<T>(IReadOnlyDictionary<string, T> pattern, string key, string path, T fallback)
        => pattern.Where(p => PythonPattern.PathEnd(p.Key, key).IsMatch(path)).Select(p => p.Value).FirstOrDefault(fallback);

    private LoraConfiguration Configuration(AdapterRequest request)
        => request.Saved is { } saved ? LoraConfiguration.Parse(saved.Configuration) : LoraConfiguration.Of(options);
}

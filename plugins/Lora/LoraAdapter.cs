using System.Text.Json;
using System.Text.Json.Nodes;
using Neoteny.Adapters;
using Neoteny.Modules;
using Neoteny.Parameters;
using TorchSharp;
using static TorchSharp.torch;

namespace Neoteny.Plugins.Lora;

/// <summary>LoRA (Hu et al. 2021), rsLoRA (Kalajdzievski 2023) and DoRA (Liu et al. 2024) on linear sites; LoRA on the embedding, the head, routers and stacked experts.</summary>
[Provides(AdapterName, Summary = "Low-rank adapters on linear modules; PEFT's file format.")]
public sealed class LoraAdapter(LoraOptions options) : IAdapter
{
    /// <summary>What configuration files call it.</summary>
    internal const string AdapterName = "lora";

    internal const string Prefix = "base_model.model.";
    private readonly Dictionary<LowRankDelta, LoraConfiguration> configurations = [];

    /// <inheritdoc/>
    public AdapterFeatures Supports => AdapterFeatures.Dropout | AdapterFeatures.Magnitude | AdapterFeatures.Bias | AdapterFeatures.Experts | AdapterFeatures.Embeddings;

    /// <inheritdoc/>
    public IEnumerable<string> Claim(AdapterRequest request)
    {
        var configuration = Configuration(request);
        var modules = configuration.Targets.IsEmpty && !configuration.Parameters.IsEmpty ? [] : configuration.Targets.Match(request.Model);
        return [.. modules, .. configuration.Parameters.Match(request.Model, isStrict: request.Saved is null)];
    }

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
        var weight = site.Original switch
        {
            ILinear linear => linear.Weight,
            IHead head when !configuration.UseDora => head.Weight,
            IEmbedding embedding when !configuration.UseDora && !configuration.LoraBias => embedding.Weight,
            _ => throw new InputException($"{site.Path}: adapters on the embedding and the head have no DoRA, and on the embedding no bias (lora_bias). Remove those, or this target."),
        };
        var rank = Pattern(configuration.RankPattern, "rank_pattern", site.Path, configuration.Rank);
        var (outputs, inputs) = (weight.Shape[0], weight.Shape[1]);
        var name = Prefix + site.Path;
        if (site.Original is IEmbedding)
        {
            // Files have both matrices the other way round: A over the vocabulary, and it starts at zero. There is no input to drop.
            var embedded = new LowRankDelta
            {
                A = Make(site, request, $"{name}.lora_embedding_B", [rank, inputs], () => Normal(site.Path, request.Seed, rank, inputs), Transposed),
                B = Make(site, request, $"{name}.lora_embedding_A", [outputs, rank], () => zeros(outputs, rank), Transposed),
                Scale = configuration.Scale(rank, Pattern(configuration.AlphaPattern, "alpha_pattern", site.Path, configuration.Alpha)),
            };
            configurations[embedded] = configuration;
            return embedded;
        }

        var delta = new LowRankDelta
        {
            A = Make(site, request, $"{name}.lora_A.weight", [rank, inputs], () => Fresh(site.Path, request.Seed, rank, inputs)),
            B = Make(site, request, $"{name}.lora_B.weight", [outputs, rank], () => zeros(outputs, rank)),
            Magnitude = configuration.UseDora
                ? Make(site, request, $"{name}.lora_magnitude_vector", [outputs], () => Norms(weight))
                : null,
            Bias = configuration.LoraBias ? Make(site, request, $"{name}.lora_B.bias", [outputs], () => zeros(outputs)) : null,
            Scale = configuration.Scale(rank, Pattern(configuration.AlphaPattern, "alpha_pattern", site.Path, configuration.Alpha)),
            // Losses compute the head in blocks of tokens, without dropout.
            Dropout = site.Original is IHead ? 0 : configuration.Dropout,
        };
        configurations[delta] = configuration;
        return delta;
    }

    /// <inheritdoc/>
    public IReadOnlyList<LowRankDelta> AttachAll(ModuleSite site, AdapterRequest request)
    {
        if (site.Original is ILinear or IHead or IEmbedding)
        {
            return [Attach(site, request)];
        }

        // Each adapter wraps the one before, so that all but the last lie below as many names of the wrapped layer.
        var configuration = Configuration(request);
        var chosen = configuration.Parameters.Of(site);
        return [.. chosen.Select((p, i) => AttachTo(site, p, string.Concat(Enumerable.Repeat("base_layer.", chosen.Count - 1 - i)), configuration, request))];
    }

    private LowRankDelta AttachTo(ModuleSite site, AdaptedParameter chosen, string below, LoraConfiguration configuration, AdapterRequest request)
    {
        if (configuration.Dropout > 0 || configuration.UseDora || configuration.LoraBias)
        {
            throw new InputException($"{chosen.Name}: adapters on bare parameters (target_parameters) have neither dropout, nor DoRA, nor a bias. Remove those, or these targets.");
        }

        var rank = Pattern(configuration.RankPattern, "rank_pattern", chosen.Name, configuration.Rank);
        var rows = chosen.Experts * rank;
        var name = $"{Prefix}{site.Path}.{below}";
        var delta = new LowRankDelta
        {
            A = Make(site, request, $"{name}lora_A.weight", [rows, chosen.Inputs], () => Fresh($"{site.Path}.{below}", request.Seed, rows, chosen.Inputs)),
            B = Make(site, request, $"{name}lora_B.weight", [chosen.Outputs, rows], () => zeros(chosen.Outputs, rows), chosen.TakesTurns ? Turns : null),
            Scale = configuration.Scale(rank, Pattern(configuration.AlphaPattern, "alpha_pattern", chosen.Name, configuration.Alpha)),
            Target = chosen.Target,
            ExpertCount = (int)chosen.Experts,
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
        foreach (var (_, delta) in export.Deltas)
        {
            foreach (var parameter in delta.Parameters)
            {
                Add(Prefix + parameter.Path, parameter);
            }
        }

        var configuration = configurations[export.Deltas[0].Value];
        foreach (var (name, parameter) in WholeModules.Of(configuration, export.Model).Concat(TrainedBiases.Of(configuration, export.Model, null)))
        {
            Add(name, parameter);
        }

        var modules = export.Deltas.Where(d => export.Model.At(d.Key).Original is ILinear or IHead or IEmbedding).Select(d => d.Key);
        var parameters = export.Deltas.Select(d => d.Key).Distinct().SelectMany(path => configuration.Parameters.Of(export.Model.At(path))).Select(p => p.Name);
        return new AdapterFiles { Configuration = configuration.ToJson(export.BaseModel, modules, parameters), Tensors = tensors };

        void Add(string name, Parameter parameter)
        {
            using var lease = parameter.Rent();
            tensors[name] = parameter.Parts is [{ IsWhole: true }] ? lease.Tensor : parameter.Parts[0].Of(lease.Tensor);
        }
    }

    private static Parameter Make(ModuleSite site, AdapterRequest request, string name, long[] shape, Func<Tensor> fresh, Func<string, long[], ParameterPart>? layout = null)
    {
        // Adapters train in fp32 whatever the model's dtype, as PEFT does by default.
        var below = name[(Prefix.Length + site.Path.Length + 1)..];
        var parts = layout is null ? null : new[] { layout($"{site.Path}.{below}", shape) };
        var device = site.Parameters[0].Device;
        using var scope = NewDisposeScope();
        if (request.Saved is null)
        {
            return site.AddParameter(below, fresh().to(device).MoveToOuterDisposeScope(), parts);
        }

        if (!request.Saved.Tensors.TryGetValue(name, out var saved))
        {
            throw new InputException($"adapter_model.safetensors has no tensor '{name}', which adapter_config.json calls for. The adapter belongs to another model, or its file is incomplete.");
        }

        var stored = parts?[0].Shape ?? shape;
        if (!saved.shape.SequenceEqual(stored))
        {
            throw new InputException($"adapter_model.safetensors: '{name}' has shape [{string.Join(", ", saved.shape)}] where the model and rank need "
                + $"[{string.Join(", ", stored)}]. The adapter belongs to another model.");
        }

        var values = parts is null ? saved.to(ScalarType.Float32, copy: true) : empty(shape);
        parts?[0].Write(values, saved.to(ScalarType.Float32));
        return site.AddParameter(below, values.to(device).MoveToOuterDisposeScope(), parts);
    }

    /// <summary>Rows that files have in turns, gate and up, and the model one half after the other.</summary>
    private static ParameterPart Turns(string name, long[] shape) => new(name, shape, whole => whole.view(2, shape[0] / 2, shape[1]).transpose(0, 1));

    /// <summary>A uniform in <c>+-1 / sqrt(inputs)</c> (He et al. 2015 with a = sqrt(5), as PEFT does), drawn from the run's seed and the site's name.</summary>
    private static Tensor Fresh(string path, ulong seed, long rank, long inputs)
    {
        var hash = path.Aggregate(14695981039346656037UL ^ seed, static (h, c) => (h ^ c) * 1099511628211UL);
        using var generator = new Generator(hash, CPU);
        var bound = 1 / Math.Sqrt(inputs);
        return empty(rank, inputs).uniform_(-bound, bound, generator);
    }

    private static ParameterPart Transposed(string name, long[] shape) => new(name, [shape[1], shape[0]], static whole => whole.t());

    private static Tensor Normal(string path, ulong seed, long rows, long columns)
    {
        using var generator = new Generator(path.Aggregate(14695981039346656037UL ^ seed, static (h, c) => (h ^ c) * 1099511628211UL), CPU);
        return empty(rows, columns).normal_(0, 1, generator);
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

using Neoteny.Adapters;
using Neoteny.Attention;
using Neoteny.Modules;
using Neoteny.Parameters;
using static TorchSharp.torch;

namespace Neoteny.Conformance;

/// <summary>A model of one site of each role, with the paths that checkpoints use. Owns its parameters.</summary>
internal sealed partial class TinyModel : IModuleTree, IDisposable
{
    public const int Vocabulary = 61;
    public const int ExpertCount = 5;
    private const int Rank = 3;

    private readonly List<ModuleSite> sites = [];
    private readonly List<Parameter> parameters = [];
    private readonly ModuleVariant variant;
    private readonly bool isExact;
    private readonly Func<string, long[], Tensor> weights;

    private TinyModel(ModuleVariant variant, bool isExact, Func<string, long[], Tensor> weights)
    {
        (this.variant, this.isExact, this.weights) = (variant, isExact, weights);
        Build();
    }

    public IReadOnlyList<ModuleSite> Sites => sites;

    public ModuleVariant Variant => variant;

    /// <summary>Every parameter, those of deltas included.</summary>
    public IEnumerable<Parameter> Parameters => parameters.Concat(sites.SelectMany(s => s.Added));

    /// <summary>The model to try on, with random weights.</summary>
    public static TinyModel Make(ModuleVariant variant, ConformanceSettings settings, ScalarType dtype)
    {
        using var draw = settings.Draw();
        return new TinyModel(variant, isExact: false, (name, shape) => Initial(draw, name, shape, dtype));
    }

    /// <summary>The same model in fp64 on the CPU, computing from the definitions.</summary>
    public static TinyModel ExactCopyOf(TinyModel model)
    {
        var byPath = model.Parameters.ToDictionary(p => p.Path);
        return new TinyModel(model.variant with { Stored = false, Trains = model.variant.BaseTrains }, isExact: true, (name, _) =>
        {
            using var scope = NewDisposeScope();
            using var lease = byPath[name].Rent();
            return Comparison.Wide(lease.Tensor).clone().MoveToOuterDisposeScope();
        });
    }

    public void Dispose()
    {
        foreach (var parameter in Parameters)
        {
            parameter.Dispose();
        }
    }

    private static Tensor Initial(Draw draw, string name, long[] shape, ScalarType dtype) => name switch
    {
        _ when name.EndsWith("norm.weight", StringComparison.Ordinal) => draw.Scaled(0.3, ScalarType.Float32, shape).add_(Runtime.Scalars.One, Runtime.Scalars.One).to(dtype),
        _ when name.EndsWith("lora_magnitude_vector", StringComparison.Ordinal) => draw.Scaled(0.3, ScalarType.Float32, shape).abs_().add_(Runtime.Scalars.One, Runtime.Scalars.One),
        _ when name.Contains("lora_", StringComparison.Ordinal) => draw.Scaled(1 / Math.Sqrt(shape[^1]), ScalarType.Float32, shape),
        _ => draw.Scaled(1 / Math.Sqrt(shape[^1]), dtype, shape),
    };

    private void Build()
    {
        var embedding = Site("model.embed_tokens", Parameter("model.embed_tokens.weight", Vocabulary, variant.Hidden));
        embedding.Fill(new PlainEmbedding(embedding.Parameters[0]));
        Norm("model.layers.0.input_layernorm", variant.Hidden);
        Attention("model.layers.0.self_attn");
        Norm("model.layers.0.self_attn.q_norm", variant.HeadSize);
        Norm("model.layers.0.post_attention_layernorm", variant.Hidden);
        Mlp("model.layers.0.mlp");
        Experts("model.layers.1.mlp.experts");
        FusedMlp("model.layers.2.mlp");
        Norm("model.norm", variant.Hidden);
        var head = Site("lm_head", Parameter("lm_head.weight", Vocabulary, variant.Hidden));
        head.Fill(new PlainHead(head, head.Parameters[0]));
    }

    private void Attention(string path)
    {
        int queries = variant.QueryHeads * variant.HeadSize, keys = variant.KeyHeads * variant.HeadSize;
        var block = Site(path);
        var projections = Site($"{path}.qkv");
        ModuleSite q = Linear($"{path}.q_proj", variant.Hidden, queries), k = Linear($"{path}.k_proj", variant.Hidden, keys), v = Linear($"{path}.v_proj", variant.Hidden, keys);
        projections.Nest(q, k, v);
        projections.Fill(new PlainProjections(q, k, v));
        var rotary = Site($"{path}.rotary_emb");
        rotary.Fill(new PlainRotary(variant.RotatedSize, isExact));
        var output = Linear($"{path}.o_proj", queries, variant.Hidden);
        block.Nest(projections, rotary, output);
        block.Fill(new PlainAttention(
            new AttentionSpec
            {
                Demands = AttentionFeatures.Causal | (variant.KeyHeads < variant.QueryHeads ? AttentionFeatures.GroupedHeads : 0),
                Scale = 1 / Math.Sqrt(variant.HeadSize),
                QueryHeads = variant.QueryHeads,
                KeyHeads = variant.KeyHeads,
                HeadSize = variant.HeadSize,
            },
            projections,
            rotary,
            output));
    }

    private void Mlp(string path)
    {
        var block = Site(path);
        ModuleSite gate = Linear($"{path}.gate_proj", variant.Hidden, variant.Intermediate), up = Linear($"{path}.up_proj", variant.Hidden, variant.Intermediate);
        var down = Linear($"{path}.down_proj", variant.Intermediate, variant.Hidden);
        block.Nest(gate, up, down);
        block.Fill(new PlainMlp(gate, up, down, variant.Activation, isExact));
    }

    private void FusedMlp(string path)
    {
        var block = Site(path);
        ModuleSite gateUp = Linear($"{path}.gate_up_proj", variant.Hidden, 2 * variant.Intermediate), down = Linear($"{path}.down_proj", variant.Intermediate, variant.Hidden);
        block.Nest(gateUp, down);
        block.Fill(new PlainFusedMlp(gateUp, down, variant.Activation, isExact));
    }

    private void Norm(string path, int size)
    {
        var weight = Parameter($"{path}.weight", size);
        var bias = variant.LayerNorm ? Parameter($"{path}.bias", size) : null;
        Site(path, bias is null ? [weight] : [weight, bias]).Fill(new PlainNorm(weight, bias, variant, isExact));
    }

    private ModuleSite Linear(string path, int inputs, int outputs)
    {
        var weight = Parameter($"{path}.weight", outputs, inputs);
        var bias = variant.Biases ? Parameter($"{path}.bias", outputs) : null;
        Store(weight);
        var site = Site(path, bias is null ? [weight] : [weight, bias]);
        site.Fill(new PlainLinear(site, weight, bias));
        if (variant.Deltas)
        {
            site.Attach(new LowRankDelta
            {
                A = Added(site, "lora_A.weight", Rank, inputs),
                B = Added(site, "lora_B.weight", outputs, Rank),
                Bias = variant.DeltaBiases ? Added(site, "lora_B.bias", outputs) : null,
                Magnitude = variant.Magnitudes ? Added(site, "lora_magnitude_vector", outputs) : null,
                Scale = 0.75,
                Dropout = variant.Dropout,
            });
        }

        return site;
    }

    private Parameter Added(ModuleSite site, string name, params long[] shape) => site.AddParameter(name, weights($"{site.Path}.{name}", shape));

    private Parameter Parameter(string path, params long[] shape)
    {
        var parameter = new Parameter(path, weights(path, shape)) { Trains = variant.BaseTrains };
        parameters.Add(parameter);
        return parameter;
    }

    private void Store(Parameter parameter)
    {
        if (variant.Stored)
        {
            parameter.ChangeFormat(RowInt8Format.Instance);
        }
    }

    private ModuleSite Site(string path, params IReadOnlyList<Parameter> own)
    {
        var site = new ModuleSite(path, own);
        sites.Add(site);
        return site;
    }
}

using Neoteny.Attention;
using Neoteny.Models.Configuration;
using Neoteny.Modules;
using Neoteny.Parameters;
using static TorchSharp.torch;

namespace Neoteny.Models.Decoder;

/// <summary>Builds a decoder's sites and parameters from its description.</summary>
public sealed class DecoderBuilder
{
    private readonly DecoderSpec spec;
    private readonly Func<string, long[], Tensor> weights;
    private readonly Func<string, IWeightFormat?>? formats;
    private readonly List<ModuleSite> sites = [];
    private readonly Slot<IAttention> attention = new();

    private DecoderBuilder(DecoderSpec spec, Func<string, long[], Tensor> weights, Func<string, IWeightFormat?>? formats)
        => (this.spec, this.weights, this.formats) = (spec, weights, formats);

    /// <summary>Builds a model.</summary>
    /// <param name="spec">What it is made of.</param>
    /// <param name="rope">Its rotary settings.</param>
    /// <param name="maxPositionEmbeddings">The length it was configured for.</param>
    /// <param name="weights">Gives the tensor of a parameter by checkpoint name and shape; ownership is handed over.</param>
    /// <param name="formats">Gives the stored format of a parameter by name, packed before the next weight is read; null for dense.</param>
    public static DecoderModel Build(
        DecoderSpec spec, RopeParameters rope, int maxPositionEmbeddings, Func<string, long[], Tensor> weights, Func<string, IWeightFormat?>? formats = null)
        => new DecoderBuilder(spec, weights, formats).Build(new RotaryTable(rope, spec.HeadSize, maxPositionEmbeddings));

    private DecoderModel Build(RotaryTable rotary)
    {
        var embedding = Site("model.embed_tokens", out var table, spec.VocabularySize, spec.HiddenSize);
        embedding.Fill(new EmbeddingBlock(table));
        var layers = Enumerable.Range(0, spec.LayerCount).Select(i => Layer(i, rotary)).ToArray();
        var finalNorm = Norm("model.norm");
        var head = spec.TiesHead ? Add(new ModuleSite("lm_head", [table])) : Site("lm_head", out table, spec.VocabularySize, spec.HiddenSize);
        head.Fill(new HeadBlock(head, table));
        return new DecoderModel(spec, rotary, new DecoderParts(sites, layers, embedding, finalNorm, head, attention));
    }

    private DecoderLayer Layer(int index, RotaryTable rotary)
    {
        var path = $"model.layers.{index}";
        var attentionNorm = Norm($"{path}.input_layernorm");
        var block = Attention(index, $"{path}.self_attn", rotary);
        var mlpNorm = Norm($"{path}.post_attention_layernorm");
        return new DecoderLayer(attentionNorm, block, mlpNorm, Mlp($"{path}.mlp"));
    }

    private ModuleSite Attention(int layer, string path, RotaryTable rotary)
    {
        var kernel = spec.AttentionSpec;
        var block = Add(new ModuleSite(path, []));
        int queries = spec.QueryHeads * spec.HeadSize, keys = spec.KeyHeads * spec.HeadSize;
        var projections = Add(new ModuleSite($"{path}.qkv", []));
        var q = Linear($"{path}.q_proj", spec.HiddenSize, queries, spec.ProjectionBiases);
        var k = Linear($"{path}.k_proj", spec.HiddenSize, keys, spec.ProjectionBiases);
        var v = Linear($"{path}.v_proj", spec.HiddenSize, keys, spec.ProjectionBiases);
        projections.Nest(q, k, v);
        projections.Fill(new ProjectionsBlock(q, k, v));
        var rotarySite = Add(new ModuleSite($"{path}.rotary_emb", []));
        rotarySite.Fill(new RotaryBlock(rotary.RotatedSize));
        var output = Linear($"{path}.o_proj", queries, spec.HiddenSize, spec.OutputBias);
        block.Nest(projections, rotarySite, output);
        block.Fill(new AttentionBlock(layer, kernel, projections, rotarySite, output, attention));
        return block;
    }

    private ModuleSite Mlp(string path)
    {
        var block = Add(new ModuleSite(path, []));
        var gate = Linear($"{path}.gate_proj", spec.HiddenSize, spec.IntermediateSize, spec.MlpBiases);
        var up = Linear($"{path}.up_proj", spec.HiddenSize, spec.IntermediateSize, spec.MlpBiases);
        var down = Linear($"{path}.down_proj", spec.IntermediateSize, spec.HiddenSize, spec.MlpBiases);
        block.Nest(gate, up, down);
        block.Fill(new GatedMlpBlock(gate, up, down, spec.Activation));
        return block;
    }

    private ModuleSite Norm(string path)
    {
        var site = Site(path, out var weight, spec.HiddenSize);
        site.Fill(new NormBlock(weight, spec.NormEpsilon));
        return site;
    }

    private ModuleSite Linear(string path, int inputs, int outputs, bool hasBias)
    {
        var weight = Parameter($"{path}.weight", outputs, inputs);
        var bias = hasBias ? Parameter($"{path}.bias", outputs) : null;
        var site = Add(new ModuleSite(path, bias is null ? [weight] : [weight, bias]));
        site.Fill(new LinearBlock(site, weight, bias));
        return site;
    }

    private ModuleSite Site(string path, out Parameter weight, params long[] shape)
    {
        weight = Parameter($"{path}.weight", shape);
        return Add(new ModuleSite(path, [weight]));
    }

    private Parameter Parameter(string name, params long[] shape)
    {
        var parameter = new Parameter(name, weights(name, shape));
        if (formats?.Invoke(name) is { } format)
        {
            parameter.ChangeFormat(format);
        }

        return parameter;
    }

    private ModuleSite Add(ModuleSite site)
    {
        sites.Add(site);
        return site;
    }
}

/// <summary>What the builder hands to the model.</summary>
internal sealed record DecoderParts(
    IReadOnlyList<ModuleSite> Sites, DecoderLayer[] Layers, ModuleSite Embedding, ModuleSite FinalNorm, ModuleSite Head, Slot<IAttention> Attention);

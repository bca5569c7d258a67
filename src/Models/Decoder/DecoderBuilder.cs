using Neoteny.Attention;
using Neoteny.Modules;
using Neoteny.Parameters;
using static TorchSharp.torch;

namespace Neoteny.Models.Decoder;

/// <summary>Builds a decoder's sites and parameters from its description.</summary>
public sealed class DecoderBuilder
{
    private readonly DecoderSpec spec;
    private readonly SiteBuilder sites;
    private readonly Slot<IAttention> attention = new();

    private DecoderBuilder(DecoderSpec spec, SiteBuilder sites) => (this.spec, this.sites) = (spec, sites);

    /// <summary>Builds a model.</summary>
    /// <param name="spec">What it is made of.</param>
    /// <param name="weights">Gives the tensor of a parameter by checkpoint name and shape; ownership is handed over.</param>
    /// <param name="formats">Gives the stored format of a parameter by name, packed before the next weight is read; null for dense.</param>
    public static DecoderModel Build(DecoderSpec spec, Func<string, long[], Tensor> weights, Func<string, IWeightFormat?>? formats = null)
        => new DecoderBuilder(spec, new SiteBuilder(spec, weights, formats)).Build();

    private DecoderModel Build()
    {
        var table = sites.Parameter("model.embed_tokens.weight", spec.VocabularySize, spec.HiddenSize);
        var embedding = sites.Add("model.embed_tokens", table);
        embedding.Fill(new EmbeddingBlock(embedding, table, spec.EmbeddingScale));
        var layers = spec.Layers.Select(Layer).ToArray();
        var finalNorm = sites.Norm("model.norm", spec.HiddenSize);
        var weight = spec.TiesHead ? table : sites.Parameter("lm_head.weight", spec.VocabularySize, spec.HiddenSize);
        var head = sites.Add("lm_head", weight);
        head.Fill(new HeadBlock(head, weight, spec.LogitSoftcap));
        return new DecoderModel(spec, new DecoderParts
        {
            Sites = sites.Sites,
            Layers = layers,
            Embedding = embedding,
            FinalNorm = finalNorm,
            Head = head,
            Attention = attention,
        });
    }

    private DecoderLayer Layer(LayerSpec layer, int index)
    {
        var path = $"model.layers.{index}";
        return new DecoderLayer(path, new LayerParts
        {
            BeforeAttention = Norm(path, layer.Norms.BeforeAttention),
            Attention = AttentionSites.Build(sites, layer.Attention, index, $"{path}.self_attn", attention),
            AfterAttention = Norm(path, layer.Norms.AfterAttention),
            BeforeMlp = Norm(path, layer.Norms.BeforeMlp),
            Mlp = MlpSites.Build(sites, layer.Mlp, $"{path}.{layer.Mlp.Name}"),
            AfterMlp = Norm(path, layer.Norms.AfterMlp),
            Rotary = layer.Attention.Rotary ?? 0,
        });
    }

    private ModuleSite? Norm(string layer, string? name) => name is null ? null : sites.Norm($"{layer}.{name}", spec.HiddenSize);
}

/// <summary>What the builder hands to the model.</summary>
internal sealed record DecoderParts
{
    public required IReadOnlyList<ModuleSite> Sites { get; init; }

    public required DecoderLayer[] Layers { get; init; }

    public required ModuleSite Embedding { get; init; }

    public required ModuleSite FinalNorm { get; init; }

    public required ModuleSite Head { get; init; }

    public required Slot<IAttention> Attention { get; init; }
}

using Neoteny.Models.Configuration;
using Neoteny.Models.Decoder;

namespace Neoteny.Models.Families;

/// <summary>Reads the keys that almost every family writes alike; a family changes what differs with <c>with</c>.</summary>
internal static class DecoderKeys
{
    /// <summary>The decoder around its layers.</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="layer">Describes a layer by its index.</param>
    /// <param name="rotaries">The rotary tables; none for a single one of the usual keys.</param>
    public static DecoderSpec Decoder(HuggingFaceConfig config, Func<int, LayerSpec> layer, params RotarySpec[] rotaries)
    {
        var layers = Enumerable.Range(0, config.Size("num_hidden_layers")).Select(layer).ToList();
        return new DecoderSpec
        {
            VocabularySize = config.Size("vocab_size"),
            HiddenSize = config.Size("hidden_size"),
            Layers = layers,
            Rotaries = rotaries.Length > 0 ? rotaries : [Rotary(config, config.Rope())],
            NormEpsilon = config.Number("rms_norm_eps", 1e-6),
            TiesHead = config.Flag("tie_word_embeddings", false),
            InitializerRange = config.Number("initializer_range", 0.02),
        };
    }

    /// <summary>Grouped attention of the usual keys: no biases, every key in sight.</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="headSize">The family's head size where <c>head_dim</c> is absent; null for <c>hidden_size / num_attention_heads</c>.</param>
    /// <exception cref="InputException">The head counts do not fit.</exception>
    public static GroupedAttention Attention(HuggingFaceConfig config, int? headSize = null)
    {
        var heads = config.Size("num_attention_heads");
        var keyHeads = config.Size("num_key_value_heads", heads);
        return heads % keyHeads == 0
            ? new GroupedAttention { QueryHeads = heads, KeyHeads = keyHeads, HeadSize = HeadSize(config, headSize) }
            : throw new InputException($"{config.Source}: num_attention_heads ({heads}) must be a multiple of num_key_value_heads ({keyHeads}).");
    }

    /// <summary>The dense MLP of the usual keys.</summary>
    public static GatedMlp Mlp(HuggingFaceConfig config) => new()
    {
        IntermediateSize = config.Size("intermediate_size"),
        Activation = config.Text("hidden_act", "silu"),
    };

    /// <summary>A rotary table for the heads of the usual keys.</summary>
    public static RotarySpec Rotary(HuggingFaceConfig config, RopeParameters rope, int? headSize = null) => new()
    {
        Rope = rope,
        HeadSize = HeadSize(config, headSize),
        MaxPositionEmbeddings = config.Size("max_position_embeddings", 2048),
    };

    private static int HeadSize(HuggingFaceConfig config, int? fallback)
    {
        var (hidden, heads) = (config.Size("hidden_size"), config.Size("num_attention_heads"));
        return config.Has("head_dim") || fallback is not null || hidden % heads == 0
            ? config.Size("head_dim", fallback ?? hidden / heads)
            : throw new InputException($"{config.Source}: hidden_size ({hidden}) must be a multiple of num_attention_heads ({heads}) where head_dim is absent. Add head_dim.");
    }
}

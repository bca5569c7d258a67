using Neoteny.Models.Configuration;
using Neoteny.Models.Decoder;

namespace Neoteny.Models.Families;

/// <summary>What the three generations of Gemma share: heads of 256 features, norms that multiply by one plus the weight, embeddings scaled by the root of the width, a tied head.</summary>
internal static class GemmaKeys
{
    public const int HeadSize = 256;

    public static DecoderSpec Decoder(HuggingFaceConfig config, Func<int, LayerSpec> layer, params RotarySpec[] rotaries)
        => DecoderKeys.Decoder(config, layer, rotaries) with
        {
            NormOffset = 1,
            EmbeddingScale = Math.Sqrt(config.Size("hidden_size")),
            TiesHead = config.Flag("tie_word_embeddings", true),
        };

    /// <summary>Attention whose scale from the second generation on is that of another head size, <c>query_pre_attn_scalar</c>.</summary>
    /// <exception cref="InputException">The model attends in both directions, as those for embeddings do.</exception>
    public static GroupedAttention Attention(HuggingFaceConfig config)
    {
        if (config.Flag("use_bidirectional_attention", false))
        {
            throw new InputException($"{config.Source}: use_bidirectional_attention is true: a model that makes embeddings and cannot continue text. Use a causal model.");
        }

        var bias = config.Flag("attention_bias", false);
        return DecoderKeys.Attention(config, HeadSize) with { ProjectionBiases = bias, OutputBias = bias };
    }

    /// <summary>The MLP. The first checkpoints say <c>hidden_act: gelu</c>, but were trained with the tanh approximation.</summary>
    public static GatedMlp Mlp(HuggingFaceConfig config) => DecoderKeys.Mlp(config) with
    {
        Activation = config.Text("hidden_activation", config.Text("hidden_act", "gelu") is "gelu" ? "gelu_pytorch_tanh" : config.Text("hidden_act")),
    };

    public static double Scale(HuggingFaceConfig config) => 1 / Math.Sqrt(config.Number("query_pre_attn_scalar", HeadSize));
}

using Neoteny.Models.Configuration;
using Neoteny.Models.Decoder;

namespace Neoteny.Models.Families;

/// <summary>Llama 1 to 3 and everything that shares its layout (Touvron et al. 2023; Grattafiori et al. 2024).</summary>
internal sealed class LlamaFamily : IModelFamily
{
    public string ModelType => "llama";

    public DecoderSpec Describe(HuggingFaceConfig config)
    {
        var hidden = config.Size("hidden_size");
        var heads = config.Size("num_attention_heads");
        var keyHeads = config.Size("num_key_value_heads", heads);
        if (heads % keyHeads != 0)
        {
            throw new InputException($"{config.Source}: num_attention_heads ({heads}) must be a multiple of num_key_value_heads ({keyHeads}).");
        }

        var attentionBias = config.Flag("attention_bias", false);
        return new DecoderSpec
        {
            VocabularySize = config.Size("vocab_size"),
            HiddenSize = hidden,
            IntermediateSize = config.Size("intermediate_size"),
            LayerCount = config.Size("num_hidden_layers"),
            QueryHeads = heads,
            KeyHeads = keyHeads,
            HeadSize = config.Size("head_dim", hidden / heads),
            NormEpsilon = config.Number("rms_norm_eps", 1e-6),
            TiesHead = config.Flag("tie_word_embeddings", false),
            ProjectionBiases = attentionBias,
            OutputBias = attentionBias,
            MlpBiases = config.Flag("mlp_bias", false),
            Activation = config.Text("hidden_act", "silu"),
            InitializerRange = config.Number("initializer_range", 0.02),
        };
    }
}

using Neoteny.Models.Configuration;
using Neoteny.Models.Decoder;

namespace Neoteny.Models.Families;

/// <summary>Llama 1 to 3 and everything that shares its layout (Touvron et al. 2023; Grattafiori et al. 2024).</summary>
internal sealed class LlamaFamily : IModelFamily
{
    public string ModelType => "llama";

    public DecoderSpec Describe(HuggingFaceConfig config)
    {
        var bias = config.Flag("attention_bias", false);
        var layer = new LayerSpec
        {
            Attention = DecoderKeys.Attention(config) with { ProjectionBiases = bias, OutputBias = bias },
            Mlp = DecoderKeys.Mlp(config) with { Biases = config.Flag("mlp_bias", false) },
        };
        return DecoderKeys.Decoder(config, _ => layer);
    }
}

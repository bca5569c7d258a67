using Neoteny.Models.Configuration;
using Neoteny.Models.Decoder;

namespace Neoteny.Models.Families;

/// <summary>GLM 4 of 2025: half of each head turns, in pairs of neighbours; norms on both sides under names of its own; gate and up fused.</summary>
internal sealed class Glm4Family : IModelFamily
{
    private static readonly LayerNorms Norms = new()
    {
        BeforeAttention = "input_layernorm",
        AfterAttention = "post_self_attn_layernorm",
        BeforeMlp = "post_attention_layernorm",
        AfterMlp = "post_mlp_layernorm",
    };

    public string ModelType => "glm4";

    public DecoderSpec Describe(HuggingFaceConfig config)
    {
        var layer = new LayerSpec
        {
            Attention = DecoderKeys.Attention(config, headSize: 128) with { ProjectionBiases = config.Flag("attention_bias", true) },
            Mlp = DecoderKeys.Mlp(config) with { FusedGateUp = true },
            Norms = Norms,
        };
        var rotary = DecoderKeys.Rotary(config, config.Rope(defaultPartial: 0.5), headSize: 128) with { Interleaved = true };
        return DecoderKeys.Decoder(config, _ => layer, rotary) with { NormEpsilon = config.Number("rms_norm_eps", 1.5625e-7) };
    }
}

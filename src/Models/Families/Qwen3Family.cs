using Neoteny.Models.Configuration;
using Neoteny.Models.Decoder;

namespace Neoteny.Models.Families;

/// <summary>Qwen 3, dense: each head of queries and keys is normalized (Yang et al. 2025).</summary>
internal sealed class Qwen3Family : IModelFamily
{
    public string ModelType => "qwen3";

    public DecoderSpec Describe(HuggingFaceConfig config)
    {
        var bias = config.Flag("attention_bias", false);
        var attention = DecoderKeys.Attention(config, headSize: 128) with
        {
            ProjectionBiases = bias,
            OutputBias = bias,
            QueryKeyNorm = QueryKeyNorm.PerHead,
        };
        var windows = LayerWindows.OfQwen(config);
        return DecoderKeys.Decoder(
            config,
            i => new LayerSpec { Attention = attention with { Window = windows[i] }, Mlp = DecoderKeys.Mlp(config) },
            DecoderKeys.Rotary(config, config.Rope(), headSize: 128));
    }
}

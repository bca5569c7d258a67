using Neoteny.Models.Configuration;
using Neoteny.Models.Decoder;

namespace Neoteny.Models.Families;

/// <summary>Gemma 3, text: five sliding layers to one that sees all and has a rotary base of its own; normalized queries and keys (Gemma Team 2025).</summary>
internal sealed class Gemma3Family : IModelFamily
{
    private const int Local = 0;
    private const int Global = 1;

    public string ModelType => "gemma3_text";

    public DecoderSpec Describe(HuggingFaceConfig config)
    {
        var pattern = config.Size("sliding_window_pattern", config.Size("_sliding_window_pattern", 6));
        var slides = LayerWindows.Sliders(config, i => (i + 1) % pattern != 0);
        var window = config.IntegerOrOff("sliding_window", 4096);
        var attention = GemmaKeys.Attention(config) with
        {
            Scale = GemmaKeys.Scale(config),
            Softcap = config.NumberOrOff("attn_logit_softcapping", 0),
            QueryKeyNorm = QueryKeyNorm.PerHead,
        };
        return GemmaKeys.Decoder(
            config,
            i => new LayerSpec
            {
                Attention = attention with { Window = slides[i] ? window : 0, Rotary = slides[i] ? Local : Global },
                Mlp = GemmaKeys.Mlp(config),
                Norms = LayerNorms.Around,
            },
            DecoderKeys.Rotary(config, config.Rope("sliding_attention"), GemmaKeys.HeadSize),
            DecoderKeys.Rotary(config, config.Rope("full_attention", defaultTheta: 1_000_000), GemmaKeys.HeadSize)) with
        {
            LogitSoftcap = config.NumberOrOff("final_logit_softcapping", 0),
        };
    }
}

using Neoteny.Models.Configuration;
using Neoteny.Models.Decoder;

namespace Neoteny.Models.Families;

/// <summary>Gemma 2: every other layer slides, norms on both sides, capped scores and logits (Gemma Team 2024, arXiv 2408.00118).</summary>
internal sealed class Gemma2Family : IModelFamily
{
    public string ModelType => "gemma2";

    public DecoderSpec Describe(HuggingFaceConfig config)
    {
        var windows = LayerWindows.Of(config, config.IntegerOrOff("sliding_window", 4096), i => i % 2 == 0);
        var attention = GemmaKeys.Attention(config) with
        {
            Scale = GemmaKeys.Scale(config),
            Softcap = config.NumberOrOff("attn_logit_softcapping", 50),
        };
        return GemmaKeys.Decoder(
            config,
            i => new LayerSpec { Attention = attention with { Window = windows[i] }, Mlp = GemmaKeys.Mlp(config), Norms = LayerNorms.Around },
            DecoderKeys.Rotary(config, config.Rope(), GemmaKeys.HeadSize)) with
        {
            LogitSoftcap = config.NumberOrOff("final_logit_softcapping", 30),
        };
    }
}

using Neoteny.Models.Configuration;
using Neoteny.Models.Decoder;

namespace Neoteny.Models.Families;

/// <summary>Mistral: one sliding window in every layer, which later releases switch off with null (Jiang et al. 2023).</summary>
internal sealed class MistralFamily : IModelFamily
{
    public string ModelType => "mistral";

    public DecoderSpec Describe(HuggingFaceConfig config)
    {
        var windows = LayerWindows.Of(config, config.IntegerOrOff("sliding_window", 4096), _ => true);
        return DecoderKeys.Decoder(config, i => new LayerSpec
        {
            Attention = DecoderKeys.Attention(config) with { Window = windows[i] },
            Mlp = DecoderKeys.Mlp(config),
        });
    }
}

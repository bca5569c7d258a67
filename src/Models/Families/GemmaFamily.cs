using Neoteny.Models.Configuration;
using Neoteny.Models.Decoder;

namespace Neoteny.Models.Families;

/// <summary>Gemma, the first generation (Gemma Team 2024).</summary>
internal sealed class GemmaFamily : IModelFamily
{
    public string ModelType => "gemma";

    public DecoderSpec Describe(HuggingFaceConfig config)
    {
        var layer = new LayerSpec { Attention = GemmaKeys.Attention(config), Mlp = GemmaKeys.Mlp(config) };
        return GemmaKeys.Decoder(config, _ => layer, DecoderKeys.Rotary(config, config.Rope(), GemmaKeys.HeadSize));
    }
}

using Neoteny.Models.Configuration;
using Neoteny.Models.Decoder;

namespace Neoteny.Models.Families;

/// <summary>Qwen 2 and 2.5, dense: biases on queries, keys and values; the upper layers may have a window (Yang et al. 2024).</summary>
internal sealed class Qwen2Family : IModelFamily
{
    public string ModelType => "qwen2";

    public DecoderSpec Describe(HuggingFaceConfig config)
    {
        var attention = DecoderKeys.Attention(config) with { ProjectionBiases = true };
        var windows = LayerWindows.OfQwen(config);
        return DecoderKeys.Decoder(config, i => new LayerSpec { Attention = attention with { Window = windows[i] }, Mlp = DecoderKeys.Mlp(config) });
    }
}

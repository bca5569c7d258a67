using Neoteny.Models.Configuration;
using Neoteny.Models.Decoder;

namespace Neoteny.Models.Families;

/// <summary>Phi 3, 3.5 and 4: fused projections, LongRoPE for the long variants, a part of each head turned in the small Phi 4 (Abdin et al. 2024).</summary>
internal sealed class Phi3Family : IModelFamily
{
    public string ModelType => "phi3";

    public DecoderSpec Describe(HuggingFaceConfig config)
    {
        var layer = new LayerSpec
        {
            Attention = DecoderKeys.Attention(config) with { FusedProjections = true, Window = config.IntegerOrOff("sliding_window", 0) },
            Mlp = DecoderKeys.Mlp(config) with { FusedGateUp = true },
        };
        var rotary = DecoderKeys.Rotary(config, Rope(config)) with { MaxPositionEmbeddings = config.Size("max_position_embeddings", 4096), RenewsKeys = true };
        return DecoderKeys.Decoder(config, _ => layer, rotary) with { NormEpsilon = config.Number("rms_norm_eps", 1e-5) };
    }

    // The reference takes the key at top level first, and knows a default for it.
    private static RopeParameters Rope(HuggingFaceConfig config)
    {
        var rope = config.Rope();
        var original = config.Size("original_max_position_embeddings", rope.OriginalMaxPositionEmbeddings ?? 4096);
        return rope.Type == RopeType.LongRope ? rope with { OriginalMaxPositionEmbeddings = original } : rope;
    }
}

using Neoteny.Models.Configuration;
using Neoteny.Models.Decoder;

namespace Neoteny.Models.Families;

/// <summary>OLMo 2: norms on the results of attention and MLP only, and on whole projections of queries and keys (OLMo Team 2025).</summary>
internal sealed class Olmo2Family : IModelFamily
{
    public string ModelType => "olmo2";

    public DecoderSpec Describe(HuggingFaceConfig config)
    {
        var bias = config.Flag("attention_bias", false);
        var layer = new LayerSpec
        {
            Attention = DecoderKeys.Attention(config) with { ProjectionBiases = bias, OutputBias = bias, QueryKeyNorm = QueryKeyNorm.WholeProjection },
            Mlp = DecoderKeys.Mlp(config),
            Norms = LayerNorms.After,
        };
        return DecoderKeys.Decoder(config, _ => layer) with { NormEpsilon = config.Number("rms_norm_eps", 1e-5) };
    }
}

using Neoteny.Models.Configuration;
using Neoteny.Models.Decoder;

namespace Neoteny.Models.Families;

/// <summary>OLMoE: experts in every layer, norms of whole query and key projections (Muennighoff et al. 2024).</summary>
internal sealed class OlmoeFamily : IModelFamily
{
    public string ModelType => "olmoe";

    public DecoderSpec Describe(HuggingFaceConfig config)
    {
        double? limit = config.Has("clip_qkv") ? config.Number("clip_qkv") : null;
        if (limit <= 0)
        {
            throw config.Wrong("clip_qkv", "a number above 0, or null", limit);
        }

        var experts = MoeKeys.Experts(config);
        var bias = config.Flag("attention_bias", false);
        var layer = new LayerSpec
        {
            Attention = DecoderKeys.Attention(config) with
            {
                ProjectionBiases = bias,
                OutputBias = bias,
                QueryKeyNorm = QueryKeyNorm.WholeProjection,
                ProjectionLimit = limit,
            },
            Mlp = new SparseMlp
            {
                ExpertCount = experts,
                IntermediateSize = config.Size("intermediate_size"),
                Activation = config.Text("hidden_act", "silu"),
                Scoring = MoeKeys.Softmax(config, experts, chosen: 8, config.Flag("norm_topk_prob", false)),
            },
        };
        return (DecoderKeys.Decoder(config, _ => layer) with { NormEpsilon = config.Number("rms_norm_eps", 1e-5) }).WithRouterLoss(config, factor: 0.01);
    }
}

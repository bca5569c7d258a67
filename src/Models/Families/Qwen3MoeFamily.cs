using Neoteny.Models.Configuration;
using Neoteny.Models.Decoder;

namespace Neoteny.Models.Families;

/// <summary>Qwen 3 with experts: each head of queries and keys is normalized; some layers may be dense (Yang et al. 2025).</summary>
internal sealed class Qwen3MoeFamily : IModelFamily
{
    public string ModelType => "qwen3_moe";

    public DecoderSpec Describe(HuggingFaceConfig config)
    {
        var experts = MoeKeys.Experts(config);
        var bias = config.Flag("attention_bias", false);
        var attention = DecoderKeys.Attention(config) with { ProjectionBiases = bias, OutputBias = bias, QueryKeyNorm = QueryKeyNorm.PerHead };
        var window = config.Flag("use_sliding_window", false) ? config.IntegerOrOff("sliding_window", 4096) : 0;
        var mlp = MoeKeys.Mixed(config, new SparseMlp
        {
            ExpertCount = experts,
            IntermediateSize = config.Size("moe_intermediate_size"),
            Activation = config.Text("hidden_act", "silu"),
            Scoring = MoeKeys.Softmax(config, experts, chosen: 8, config.Flag("norm_topk_prob", false)),
        });
        return DecoderKeys.Decoder(config, i => new LayerSpec { Attention = attention with { Window = window }, Mlp = mlp(i) }).WithRouterLoss(config);
    }
}

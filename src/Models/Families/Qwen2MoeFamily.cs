using Neoteny.Models.Configuration;
using Neoteny.Models.Decoder;

namespace Neoteny.Models.Families;

/// <summary>Qwen 1.5 and 2 with experts: an expert that every token visits, behind a gate; some layers may be dense (Yang et al. 2024).</summary>
internal sealed class Qwen2MoeFamily : IModelFamily
{
    public string ModelType => "qwen2_moe";

    public DecoderSpec Describe(HuggingFaceConfig config)
    {
        var experts = MoeKeys.Experts(config);
        var attention = DecoderKeys.Attention(config) with { ProjectionBiases = config.Flag("qkv_bias", true) };

        // The reference gives windows to every other layer below the border; in the dense models they lie above it.
        var windows = LayerWindows.OfQwen(config, (i, border) => i % 2 == 0 && i < border);
        var mlp = MoeKeys.Mixed(config, new SparseMlp
        {
            ExpertCount = experts,
            IntermediateSize = config.Size("moe_intermediate_size"),
            Activation = config.Text("hidden_act", "silu"),
            Scoring = MoeKeys.Softmax(config, experts, chosen: 4, config.Flag("norm_topk_prob", false)),
            Shared = new SharedExpert
            {
                Name = "shared_expert",
                IntermediateSize = config.Size("shared_expert_intermediate_size"),
                Gate = "shared_expert_gate",
            },
        });
        return DecoderKeys.Decoder(config, i => new LayerSpec { Attention = attention with { Window = windows[i] }, Mlp = mlp(i) }).WithRouterLoss(config);
    }
}

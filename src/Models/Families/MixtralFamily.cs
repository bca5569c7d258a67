using Neoteny.Models.Configuration;
using Neoteny.Models.Decoder;

namespace Neoteny.Models.Families;

/// <summary>Mixtral: Mistral with experts in every layer (Jiang et al. 2024).</summary>
internal sealed class MixtralFamily : IModelFamily
{
    public string ModelType => "mixtral";

    public DecoderSpec Describe(HuggingFaceConfig config)
    {
        if (config.Number("router_jitter_noise", 0) != 0)
        {
            throw new InputException($"{config.Source}: router_jitter_noise is not supported; published Mixtral models have it at 0. Set overrides_of_model_config: "
                + "{ router_jitter_noise: 0 } to train without it.");
        }

        var experts = MoeKeys.Experts(config);
        var layer = new LayerSpec
        {
            Attention = DecoderKeys.Attention(config) with { Window = config.IntegerOrOff("sliding_window", 0) },
            Mlp = new SparseMlp
            {
                ExpertCount = experts,
                IntermediateSize = config.Size("intermediate_size"),
                Activation = config.Text("hidden_act", "silu"),
                Scoring = MoeKeys.Softmax(config, experts, chosen: 2, normalizes: true),
                Layout = ExpertLayout.Mixtral,
            },
        };
        return (DecoderKeys.Decoder(config, _ => layer) with { NormEpsilon = config.Number("rms_norm_eps", 1e-5) }).WithRouterLoss(config);
    }
}

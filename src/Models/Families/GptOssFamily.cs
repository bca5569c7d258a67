using Neoteny.Models.Configuration;
using Neoteny.Models.Decoder;
using Neoteny.Modules;

namespace Neoteny.Models.Families;

/// <summary>gpt-oss: sinks, windows in every other layer, experts with biases and clamped units in every layer (OpenAI 2025).</summary>
internal sealed class GptOssFamily : IModelFamily
{
    public string ModelType => "gpt_oss";

    public DecoderSpec Describe(HuggingFaceConfig config)
    {
        var experts = MoeKeys.Experts(config);
        var bias = config.Flag("attention_bias", true);
        var attention = DecoderKeys.Attention(config, headSize: 64) with { ProjectionBiases = bias, OutputBias = bias, Sinks = true };
        var windows = LayerWindows.Of(config, config.IntegerOrOff("sliding_window", 128), i => i % 2 == 0);
        var mlp = new SparseMlp
        {
            ExpertCount = experts,
            IntermediateSize = config.Size("intermediate_size"),
            Scoring = new RouterScoring { Score = RouterScore.SoftmaxOfChosen, TopK = MoeKeys.TopK(config, experts, chosen: 4) },
            Layout = ExpertLayout.Interleaved,
            RouterName = "router",
            RouterBias = true,
            Biases = true,
            ActivationAlpha = config.Number("swiglu_alpha", 1.702),
            ActivationLimit = config.Number("swiglu_limit", 7),
            UpOffset = 1,
        };
        var decoder = DecoderKeys.Decoder(
            config,
            i => new LayerSpec { Attention = attention with { Window = windows[i] }, Mlp = mlp },
            DecoderKeys.Rotary(config, Rope(config), headSize: 64));
        return (decoder with { NormEpsilon = config.Number("rms_norm_eps", 1e-5) }).WithRouterLoss(config, factor: 0.9);
    }

    // A file without rotary settings means the published ones.
    private static RopeParameters Rope(HuggingFaceConfig config)
    {
        var rope = config.Rope(defaultTheta: 150000);
        return config.Has("rope_parameters") || config.Has("rope_scaling") ? rope : rope with
        {
            Type = RopeType.Yarn,
            Factor = 32,
            OriginalMaxPositionEmbeddings = 4096,
            Truncate = false,
        };
    }
}

using Neoteny.Models.Configuration;
using Neoteny.Models.Decoder;
using Neoteny.Modules;

namespace Neoteny.Models.Families;

/// <summary>Reads the keys that families with experts share.</summary>
internal static class MoeKeys
{
    /// <summary>The decoder with its routers' loss: trained where <c>output_router_logits</c> is true, as in the published models.</summary>
    public static DecoderSpec WithRouterLoss(this DecoderSpec decoder, HuggingFaceConfig config, double factor = 0.001)
        => decoder with { RouterLossFactor = config.Flag("output_router_logits", false) ? config.Number("router_aux_loss_coef", factor) : 0 };

    /// <summary>The number of experts, under either of its names.</summary>
    public static int Experts(HuggingFaceConfig config) => config.Has("num_experts") ? config.Size("num_experts") : config.Size("num_local_experts");

    /// <summary>Softmax over all experts, then the best.</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="experts">The number of experts.</param>
    /// <param name="chosen">Experts of a token where the file does not say.</param>
    /// <param name="normalizes">Whether weights are divided by their sum.</param>
    /// <exception cref="InputException">More experts are to be chosen than there are.</exception>
    public static RouterScoring Softmax(HuggingFaceConfig config, int experts, int chosen, bool normalizes)
        => new() { Score = RouterScore.Softmax, TopK = TopK(config, experts, chosen), Normalizes = normalizes };

    /// <summary>The experts of a token.</summary>
    /// <exception cref="InputException">There are fewer.</exception>
    public static int TopK(HuggingFaceConfig config, int experts, int chosen)
    {
        var k = config.Size("num_experts_per_tok", config.Size("experts_per_token", chosen));
        return k <= experts ? k : throw new InputException($"{config.Source}: num_experts_per_tok ({k}) is above the number of experts ({experts}).");
    }

    /// <summary>Qwen's rule: sparse unless <c>mlp_only_layers</c> names the layer or <c>decoder_sparse_step</c> steps over it.</summary>
    public static Func<int, LayerMlp> Mixed(HuggingFaceConfig config, LayerMlp sparse)
    {
        var dense = DecoderKeys.Mlp(config);
        var (denseLayers, step) = (config.Integers("mlp_only_layers").ToHashSet(), config.Size("decoder_sparse_step", 1));
        return i => denseLayers.Contains(i) || (i + 1) % step != 0 ? dense : sparse;
    }
}

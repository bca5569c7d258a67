using Neoteny.Models.Configuration;
using Neoteny.Models.Decoder;

namespace Neoteny.Models.Families;

/// <summary>SmolLM 3: Llama with every fourth layer without position embedding (NoPE, Yang et al. 2025, arXiv 2501.18795).</summary>
internal sealed class SmolLm3Family : IModelFamily
{
    public string ModelType => "smollm3";

    public DecoderSpec Describe(HuggingFaceConfig config)
    {
        var turns = Turns(config);
        var window = config.Flag("use_sliding_window", false) ? config.IntegerOrOff("sliding_window", 0) : 0;
        var windows = LayerWindows.Of(config, window, i => !turns[i]);
        var bias = config.Flag("attention_bias", false);
        var attention = DecoderKeys.Attention(config) with { ProjectionBiases = bias, OutputBias = bias };
        return DecoderKeys.Decoder(
            config,
            i => new LayerSpec
            {
                Attention = attention with { Window = windows[i], Rotary = turns[i] ? 0 : null },
                Mlp = DecoderKeys.Mlp(config) with { Biases = config.Flag("mlp_bias", false) },
            },
            DecoderKeys.Rotary(config, config.Rope(defaultTheta: 2_000_000))) with
        {
            TiesHead = config.Flag("tie_word_embeddings", true),
        };
    }

    // no_rope_layers says 1 where a layer has rotary embeddings, whatever its name suggests.
    private static bool[] Turns(HuggingFaceConfig config)
    {
        var count = config.Size("num_hidden_layers");
        var listed = config.Integers("no_rope_layers");
        if (listed.Count == 0)
        {
            var interval = config.Size("no_rope_layer_interval", 4);
            return [.. Enumerable.Range(0, count).Select(i => (i + 1) % interval != 0)];
        }

        return listed.Count >= count
            ? [.. listed.Take(count).Select(l => l != 0)]
            : throw config.Wrong("no_rope_layers", $"a list of {count} numbers, one for each layer", config.Raw("no_rope_layers"));
    }
}

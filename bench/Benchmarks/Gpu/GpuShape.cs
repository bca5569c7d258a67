using Neoteny.Models.Configuration;
using Neoteny.Models.Decoder;
using Neoteny.Models.Families;

namespace Neoteny.Benchmarks.Gpu;

/// <summary>A model's sizes, by the configuration that a checkpoint of it would have.</summary>
/// <param name="Name">Its name on the command line.</param>
/// <param name="Json">The configuration.</param>
internal sealed record GpuShape(string Name, string Json)
{
    /// <summary>All shapes.</summary>
    public static IReadOnlyList<GpuShape> All { get; } =
    [
        new("tiny", """
            { "model_type": "llama", "vocab_size": 4096, "hidden_size": 256, "num_hidden_layers": 4, "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 64,
              "intermediate_size": 768, "rms_norm_eps": 1e-5, "rope_theta": 10000.0, "max_position_embeddings": 4096, "tie_word_embeddings": true }
            """),
        new("llama-1b", """
            { "model_type": "llama", "vocab_size": 128256, "hidden_size": 2048, "num_hidden_layers": 16, "num_attention_heads": 32, "num_key_value_heads": 8, "head_dim": 64,
              "intermediate_size": 8192, "rms_norm_eps": 1e-5, "rope_theta": 500000.0, "max_position_embeddings": 131072, "tie_word_embeddings": true }
            """),
        new("llama-8b", """
            { "model_type": "llama", "vocab_size": 128256, "hidden_size": 4096, "num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": 8, "head_dim": 128,
              "intermediate_size": 14336, "rms_norm_eps": 1e-5, "rope_theta": 500000.0, "max_position_embeddings": 131072, "tie_word_embeddings": false }
            """),
        new("qwen3-30b-a3b", """
            { "model_type": "qwen3_moe", "vocab_size": 151936, "hidden_size": 2048, "num_hidden_layers": 48, "num_attention_heads": 32, "num_key_value_heads": 4, "head_dim": 128,
              "intermediate_size": 6144, "moe_intermediate_size": 768, "num_experts": 128, "num_experts_per_tok": 8, "norm_topk_prob": true, "decoder_sparse_step": 1,
              "mlp_only_layers": [], "rms_norm_eps": 1e-6, "rope_theta": 1000000.0, "max_position_embeddings": 40960, "tie_word_embeddings": false }
            """),
    ];

    /// <summary>The decoder, with fewer layers where asked for.</summary>
    /// <param name="layers">How many of its layers; null for all.</param>
    public DecoderSpec Describe(int? layers)
    {
        var config = HuggingFaceConfig.Parse(Json, Name);
        config = layers is { } count ? config.With("num_hidden_layers", count) : config;
        return ModelFamilies.Of(config).Describe(config);
    }
}

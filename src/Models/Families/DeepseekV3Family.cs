using Neoteny.Models.Configuration;
using Neoteny.Models.Decoder;
using Neoteny.Modules;

namespace Neoteny.Models.Families;

/// <summary>DeepSeek-V3 and R1: latent attention, sigmoid scores with a correction and groups, an expert that every token visits (DeepSeek-AI 2024).</summary>
internal sealed class DeepseekV3Family : IModelFamily
{
    public string ModelType => "deepseek_v3";

    public DecoderSpec Describe(HuggingFaceConfig config)
    {
        if (config.Text("scoring_func", "sigmoid") is not "sigmoid" and var other)
        {
            throw config.Wrong("scoring_func", "sigmoid, as in DeepSeek-V3", other);
        }

        var rope = config.Rope();
        var attention = Attention(config, rope);
        var (dense, sparse, firstSparse) = (DecoderKeys.Mlp(config), Sparse(config), config.Integer("first_k_dense_replace", 3));
        return DecoderKeys.Decoder(
            config,
            i => new LayerSpec { Attention = attention, Mlp = i < firstSparse ? dense : sparse },
            new RotarySpec
            {
                Rope = rope,
                HeadSize = attention.TurnedSize,
                MaxPositionEmbeddings = config.Size("max_position_embeddings", 4096),
                Interleaved = config.Flag("rope_interleave", true),
            });
    }

    private static LatentAttention Attention(HuggingFaceConfig config, RopeParameters rope)
    {
        var (plain, turned) = (config.Size("qk_nope_head_dim", 128), config.Size("qk_rope_head_dim", 64));

        // Longer contexts sharpen the softmax: YaRN's magnitude, for queries and keys each.
        var magnitude = rope.Type != RopeType.Default && rope.MscaleAllDim != 0 ? RotaryFrequencies.Magnitude(rope.Factor ?? 1, rope.MscaleAllDim) : 1;
        return new LatentAttention
        {
            QueryHeads = config.Size("num_attention_heads"),
            QueryRank = config.Has("q_lora_rank") ? config.Size("q_lora_rank") : null,
            KeyValueRank = config.Size("kv_lora_rank", 512),
            PlainSize = plain,
            TurnedSize = turned,
            ValueSize = config.Size("v_head_dim", 128),
            Biases = config.Flag("attention_bias", false),
            Scale = magnitude * magnitude / Math.Sqrt(plain + turned),
        };
    }

    private static SparseMlp Sparse(HuggingFaceConfig config)
    {
        var experts = config.Has("n_routed_experts") ? config.Size("n_routed_experts") : config.Size("num_local_experts", 256);
        var (groups, chosen) = (config.Size("n_group", 8), config.Size("topk_group", 4));
        if (experts % groups != 0 || chosen > groups || (groups > 1 && experts / groups < 2))
        {
            throw new InputException($"{config.Source}: n_group ({groups}) must divide n_routed_experts ({experts}) into groups of at least two, and topk_group ({chosen}) must not be above it.");
        }

        var topK = MoeKeys.TopK(config, experts, chosen: 8);
        if (topK > experts / groups * chosen)
        {
            throw new InputException($"{config.Source}: num_experts_per_tok ({topK}) is above the {experts / groups * chosen} experts of the {chosen} groups that topk_group keeps. Lower it, or raise topk_group.");
        }

        var inner = config.Size("moe_intermediate_size");
        return new SparseMlp
        {
            ExpertCount = experts,
            IntermediateSize = inner,
            Activation = config.Text("hidden_act", "silu"),
            RoutesInSingle = true,
            HasCorrection = true,
            Scoring = new RouterScoring
            {
                Score = RouterScore.Sigmoid,
                TopK = topK,
                Normalizes = config.Flag("norm_topk_prob", true),
                Factor = config.Number("routed_scaling_factor", 2.5),
                Groups = groups,
                ChosenGroups = chosen,
            },
            Shared = new SharedExpert { Name = "shared_experts", IntermediateSize = inner * config.Size("n_shared_experts", 1) },
        };
    }
}

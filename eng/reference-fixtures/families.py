"""The models of the fixtures: a configuration class, its arguments, and how it looks in older configurations."""

SMALL = dict(
    vocab_size=256, hidden_size=32, intermediate_size=40, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
    head_dim=16, max_position_embeddings=128, initializer_range=0.2, bos_token_id=1, eos_token_id=2, pad_token_id=0)


def rope(theta=10000.0, **more):
    return {"rope_type": "default", "rope_theta": theta, **more}


def small(*leave_out, **changes):
    settings = {**SMALL, **changes}
    for key in leave_out:
        settings.pop(key)
    return settings


LONGROPE_SHORT = [1.0, 1.05, 1.1, 1.2, 1.3, 1.45, 1.6, 1.8]
LONGROPE_LONG = [1.1, 1.4, 1.9, 2.6, 3.7, 5.3, 7.9, 11.5]


def longrope(size, **more):
    return rope(rope_type="longrope", short_factor=LONGROPE_SHORT[:size], long_factor=LONGROPE_LONG[:size], **more)


DEEPSEEK = small(
    "head_dim", num_hidden_layers=3, num_key_value_heads=4, q_lora_rank=12, kv_lora_rank=16, qk_nope_head_dim=8, qk_rope_head_dim=8,
    v_head_dim=12, n_routed_experts=8, n_group=4, topk_group=2, num_experts_per_tok=3, n_shared_experts=2,
    moe_intermediate_size=8, routed_scaling_factor=2.5, norm_topk_prob=True, first_k_dense_replace=1, tie_word_embeddings=False)

YARN_MSCALE = rope(
    rope_type="yarn", factor=8.0, beta_fast=32.0, beta_slow=1.0, mscale=0.7, mscale_all_dim=1.3, original_max_position_embeddings=64)

# name -> class, arguments, options: v4 (keys of older configurations), v4_drop, save_dtype, shard, type_key (older rope_scaling says "type")
MODELS = {
    "gemma": ("Gemma", small(num_key_value_heads=1, rope_parameters=rope()), dict(v4={"hidden_act": "gelu_pytorch_tanh"})),
    "gemma3_text": ("Gemma3Text:Gemma3ForCausalLM", small(
        num_hidden_layers=3, sliding_window=8, query_pre_attn_scalar=24,
        layer_types=["sliding_attention", "full_attention", "sliding_attention"],
        rope_parameters={"full_attention": rope(1000000.0, rope_type="linear", factor=8.0), "sliding_attention": rope(10000.0)}),
        dict(v4={"rope_theta": 1000000.0, "rope_local_base_freq": 10000.0, "rope_scaling": {"factor": 8.0, "rope_type": "linear"},
                 "sliding_window_pattern": 2}, v4_drop=["_sliding_window_pattern"])),
    "phi3": ("Phi3", small("head_dim", sliding_window=None, tie_word_embeddings=False, rope_parameters=rope()), {}),
    "phi3-sliding": ("Phi3", small("head_dim", vocab_size=128, sliding_window=8, tie_word_embeddings=False, rope_parameters=rope()), {}),
    "phi3-longrope": ("Phi3", small(
        "head_dim", vocab_size=128, sliding_window=None, tie_word_embeddings=False, max_position_embeddings=64,
        original_max_position_embeddings=16, rope_parameters=longrope(4, original_max_position_embeddings=16)),
        dict(v4={"original_max_position_embeddings": 16}, type_key=True)),
    "phi3-partial-longrope": ("Phi3", small(
        "head_dim", vocab_size=128, hidden_size=64, sliding_window=None, tie_word_embeddings=True, max_position_embeddings=64, partial_rotary_factor=0.75,
        original_max_position_embeddings=16, rope_parameters=longrope(6, original_max_position_embeddings=16, partial_rotary_factor=0.75)),
        dict(v4={"original_max_position_embeddings": 16, "partial_rotary_factor": 0.75}, type_key=True)),
    "smollm3": ("SmolLM3", small(
        "head_dim", num_hidden_layers=3, no_rope_layers=[1, 0, 1], use_sliding_window=False, sliding_window=None,
        tie_word_embeddings=True, rope_parameters=rope(500000.0)), {}),
    "olmo2": ("Olmo2", small("head_dim", tie_word_embeddings=False, rope_parameters=rope(500000.0)), {}),
    "glm4": ("Glm4", small(tie_word_embeddings=False, attention_bias=True, rope_parameters=rope(partial_rotary_factor=0.5)),
             dict(v4={"partial_rotary_factor": 0.5})),
    "olmoe": ("Olmoe", small(
        "head_dim", vocab_size=64, intermediate_size=12, num_experts=8, num_experts_per_tok=3, norm_topk_prob=False, router_aux_loss_coef=0.02,
        tie_word_embeddings=False, rope_parameters=rope()), {}),
    "deepseek_v3": ("DeepseekV3", {**DEEPSEEK, "rope_parameters": YARN_MSCALE, "rope_interleave": True, "max_position_embeddings": 512},
                    dict(v4={"moe_layer_freq": 1, "scoring_func": "sigmoid", "topk_method": "noaux_tc"},
                         v4_drop=["head_dim", "qk_head_dim", "rope_interleave"], type_key=True)),
    "deepseek_v3-no-q-lora": ("DeepseekV3", {
        **DEEPSEEK, "vocab_size": 128, "q_lora_rank": None, "rope_interleave": False, "attention_bias": True, "n_shared_experts": 1,
        "rope_parameters": rope(), "norm_topk_prob": False, "num_hidden_layers": 2}, dict(v4_drop=["head_dim", "qk_head_dim"])),
    "llama-longrope": ("Llama", small(
        vocab_size=128, tie_word_embeddings=True, max_position_embeddings=64,
        rope_parameters=longrope(8, original_max_position_embeddings=16, factor=4.0)), {}),
    "llama-bfloat16-sharded": ("Llama", small(vocab_size=64, tie_word_embeddings=False, max_position_embeddings=2048, rope_parameters=rope(
        500000.0, rope_type="llama3", factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0, original_max_position_embeddings=256)),
        dict(save_dtype="bfloat16", shard="16KB")),
    "llama-float16": ("Llama", small(vocab_size=64, tie_word_embeddings=True, rope_parameters=rope()), dict(save_dtype="float16")),
    "qwen2-sliding": ("Qwen2", small(
        "head_dim", vocab_size=128, num_hidden_layers=3, use_sliding_window=True, sliding_window=8, max_window_layers=1,
        tie_word_embeddings=False, rope_parameters=rope(1000000.0)), {}),
    "mistral-full": ("Mistral", small(vocab_size=128, sliding_window=None, tie_word_embeddings=False, head_dim=12, rope_parameters=rope(1000000.0)), {}),
    "qwen3-tied": ("Qwen3", small(vocab_size=128, tie_word_embeddings=True, attention_bias=True, rope_parameters=rope(1000000.0)), {}),
    "mixtral-sliding": ("Mixtral", small(
        "head_dim", vocab_size=128, intermediate_size=16, num_local_experts=4, num_experts_per_tok=2, sliding_window=8,
        router_aux_loss_coef=0.02, tie_word_embeddings=False, rope_parameters=rope(1000000.0)), {}),
}

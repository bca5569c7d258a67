using System.Runtime.CompilerServices;
using Neoteny.Attention;
using Neoteny.Models.Configuration;
using Neoteny.Models.Decoder;
using Neoteny.Models.Families;
using static TorchSharp.torch;

namespace Neoteny.Parity.Tests.Models;

/// <summary>What the published configurations mean, key by key.</summary>
public class FamilyDescriptionTests
{
    [Fact]
    public void Gemma_3_sees_everything_in_every_sixth_layer_with_a_base_of_its_own()
    {
        var spec = Describe("gemma-3-1b-it");
        Assert.Equal([5, 11, 17, 23], Where(spec, a => a.Window == 0));
        Assert.All(spec.Layers, l => Assert.Equal(l.Attention.Window == 0 ? 1e6 : 1e4, spec.Rotaries[l.Attention.Rotary!.Value].Rope.Theta));
        Assert.Equal((512, QueryKeyNorm.PerHead), (spec.Layers[0].Attention.Window, ((GroupedAttention)spec.Layers[0].Attention).QueryKeyNorm));
        Assert.Equal((0, 0, true, 1), (spec.LogitSoftcap, spec.Layers[0].Attention.Softcap, spec.TiesHead, spec.NormOffset));
    }

    [Fact]
    public void Gemma_2_caps_scores_and_logits_and_slides_in_every_other_layer()
    {
        var spec = Describe("gemma-2-2b");
        Assert.Equal(Enumerable.Range(0, 13).Select(i => 2 * i), Where(spec, a => a.Window == 4096));
        Assert.Equal((30, 50, 1 / 16.0), (spec.LogitSoftcap, spec.Layers[1].Attention.Softcap, spec.Layers[1].Attention.Kernel.Scale));
        Assert.Equal(AttentionFeatures.Causal | AttentionFeatures.Window | AttentionFeatures.Softcap | AttentionFeatures.GroupedHeads, spec.Kernels.First().Demands);
        Assert.Equal(LayerNorms.Around, spec.Layers[0].Norms);
    }

    [Fact]
    public void Softcaps_and_windows_that_are_null_are_off()
    {
        var config = Config("gemma-2-2b").With("attn_logit_softcapping", null).With("final_logit_softcapping", null).With("sliding_window", null);
        var spec = ModelFamilies.Of(config).Describe(config);
        Assert.Equal(0, spec.LogitSoftcap);
        Assert.All(spec.Kernels, k => Assert.Equal(AttentionFeatures.Causal | AttentionFeatures.GroupedHeads, k.Demands));
        Assert.All(Describe("Mistral-7B-v0.3").Layers, l => Assert.Equal(0, l.Attention.Window));
        Assert.All(Describe("Qwen2.5-7B").Layers, l => Assert.Equal(0, l.Attention.Window));
    }

    [Fact]
    public void The_first_Gemma_has_the_tanh_gelu_whatever_it_says()
        => Assert.All(Describe("gemma-2b").Layers, l => Assert.Equal("gelu_pytorch_tanh", l.Mlp.Activation));

    [Fact]
    public void SmolLM_3_has_no_positions_in_every_fourth_layer_listed_or_not()
    {
        var config = Config("SmolLM3-3B");
        var listed = ModelFamilies.Of(config).Describe(config);
        var ruled = ModelFamilies.Of(config).Describe(config.Without("no_rope_layers"));
        Assert.Equal(Enumerable.Range(0, 9).Select(i => (4 * i) + 3), Where(listed, a => a.Rotary is null));
        Assert.Equal(Where(listed, a => a.Rotary is null), Where(ruled, a => a.Rotary is null));
        using var model = DecoderBuilder.Build(listed, (_, shape) => empty(shape, device: META));
        Assert.Equal(27, model.Sites.Count(s => s.Path.EndsWith("rotary_emb", StringComparison.Ordinal)));
    }

    [Fact]
    public void Qwen_2_slides_from_max_window_layers_up_once_it_is_switched_on()
    {
        var config = Config("Qwen2.5-7B").With("use_sliding_window", true).With("sliding_window", 4096).With("max_window_layers", 20);
        Assert.Equal(Enumerable.Range(20, 8), Where(ModelFamilies.Of(config).Describe(config), a => a.Window == 4096));
    }

    [Fact]
    public void Qwen_2_with_experts_slides_in_every_other_layer_below_max_window_layers()
    {
        var config = Config("Qwen1.5-MoE-A2.7B").Without("layer_types").With("use_sliding_window", true).With("sliding_window", 4096).With("max_window_layers", 5);
        Assert.Equal([0, 2, 4], Where(ModelFamilies.Of(config).Describe(config), a => a.Window == 4096));
        Assert.Equal(Enumerable.Range(0, 12).Select(i => 2 * i), Where(Described(config.Without("max_window_layers")), a => a.Window == 4096));
        Assert.Empty(Where(Described(config.With("use_sliding_window", false)), a => a.Window > 0));
    }

    [Fact]
    public void A_file_of_gpt_oss_without_rotary_settings_means_the_published_ones()
    {
        var config = Config("gpt-oss-20b");
        var published = Describe("gpt-oss-20b").Rotaries.Single().Rope;
        var bare = Described(config.Without("rope_scaling").Without("rope_parameters").Without("rope_theta")).Rotaries.Single().Rope;
        Assert.Equal(published with { Source = bare.Source }, bare with { ShortFactor = published.ShortFactor, LongFactor = published.LongFactor });
        var plain = Described(config.Without("rope_scaling").With("rope_parameters", new { rope_type = "default", rope_theta = 1000 })).Rotaries.Single().Rope;
        Assert.Equal((RopeType.Default, 1000), (plain.Type, plain.Theta));
    }

    [Fact]
    public void The_gain_of_gpt_oss_units_is_a_key()
    {
        var config = Config("gpt-oss-20b");
        Assert.All(Described(config).Layers, l => Assert.Equal(1.702, ((SparseMlp)l.Mlp).ActivationAlpha));
        Assert.All(Described(config.With("swiglu_alpha", 1.5)).Layers, l => Assert.Equal(1.5, ((SparseMlp)l.Mlp).ActivationAlpha));
    }

    [Fact]
    public void LongRoPE_of_Phi_3_starts_from_4096_positions_unless_the_file_says_otherwise()
    {
        var config = Config("Phi-4-mini-instruct").Without("original_max_position_embeddings");
        Assert.Equal(4096, Described(config).Rotaries.Single().TrainedLength);
        Assert.Equal(2048, Described(config.With("original_max_position_embeddings", 2048)).Rotaries.Single().TrainedLength);
        var nested = config.Without("rope_scaling").With("rope_parameters", new
        {
            rope_type = "longrope",
            original_max_position_embeddings = 512,
            partial_rotary_factor = 0.75,
            short_factor = Enumerable.Repeat(1.0, 48),
            long_factor = Enumerable.Repeat(2.0, 48),
        });
        Assert.Equal(512, Described(nested).Rotaries.Single().TrainedLength);
        Assert.Equal(2048, Described(nested.With("original_max_position_embeddings", 2048)).Rotaries.Single().TrainedLength);
    }

    [Fact]
    public void Groups_that_hold_too_few_experts_for_a_token_are_refused()
        => Assert.Equal("DeepSeek-V3: num_experts_per_tok (40) is above the 32 experts of the 1 groups that topk_group keeps. Lower it, or raise topk_group.",
            Refusal(Config("DeepSeek-V3").With("topk_group", 1).With("num_experts_per_tok", 40)));

    [Fact]
    public void Rotary_settings_that_do_not_fit_the_heads_are_refused_when_the_model_is_built()
    {
        var phi = Config("Phi-4-mini-instruct");
        Assert.Equal("Phi-4-mini-instruct: 'rope_scaling': 'short_factor' has 48 entries, but the rotated part of a head has 64 pairs of features. Give one factor for each pair.",
            Refusal(phi.With("partial_rotary_factor", 1.0)));
        Assert.Equal("Llama-3.1-8B: hidden_size (4096) must be a multiple of num_attention_heads (24) where head_dim is absent. Add head_dim.",
            Refusal(Config("Llama-3.1-8B").With("num_attention_heads", 24)));
        Assert.Equal("gemma-2-2b: 'layer_types' must be a list of 26 times sliding_attention or full_attention, one for each layer, but it is [\"full_attention\"]. Correct the file.",
            Refusal(Config("gemma-2-2b").With("layer_types", new[] { "full_attention" })));
        Assert.Equal("gemma-2-2b: use_bidirectional_attention is true: a model that makes embeddings and cannot continue text. Use a causal model.",
            Refusal(Config("gemma-2-2b").With("use_bidirectional_attention", true)));
    }

    private static string Refusal(HuggingFaceConfig config)
        => Assert.Throws<InputException>(() => DecoderBuilder.Build(ModelFamilies.Of(config).Describe(config), (_, shape) => empty(shape, device: META))).Message;

    private static IEnumerable<int> Where(DecoderSpec spec, Func<LayerAttention, bool> condition)
        => Enumerable.Range(0, spec.Layers.Count).Where(i => condition(spec.Layers[i].Attention));

    private static DecoderSpec Described(HuggingFaceConfig config) => ModelFamilies.Of(config).Describe(config);

    private static DecoderSpec Describe(string name) => ModelFamilies.Of(Config(name)).Describe(Config(name));

    private static HuggingFaceConfig Config(string name, [CallerFilePath] string source = "")
        => HuggingFaceConfig.Parse(File.ReadAllText(Path.Combine(Path.GetDirectoryName(source)!, "..", "Published", $"{name}.json")), name);
}

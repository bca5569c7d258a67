using Neoteny.Attention;
using Neoteny.Autograd;
using Neoteny.Batches;
using Neoteny.Losses;
using Neoteny.Models.Configuration;
using Neoteny.Models.Decoder;
using Neoteny.Models.Families;
using Neoteny.Modules;
using Neoteny.Runtime;
using Neoteny.Tests;
using Neoteny.Training.Loop;
using Neoteny.Training.Optimizers;
using TorchSharp;
using static TorchSharp.torch;

namespace Neoteny.Core.Tests.Decoder;

public sealed class SparseDecoderTests : IDisposable
{
    private const string Mixtral = """
        {"model_type": "mixtral", "vocab_size": 31, "hidden_size": 16, "intermediate_size": 8, "num_hidden_layers": 2, "num_attention_heads": 2, "num_key_value_heads": 2,
         "num_local_experts": 4, "num_experts_per_tok": 2, "output_router_logits": true, "router_aux_loss_coef": 0.5, "initializer_range": 0.3}
        """;

    private static readonly (long[] Ids, long[] Labels)[] Documents = [([1, 5, 9, 7, 2], [1, 5, 9, 7, 2]), ([3, 4, 3], [3, 4, 3])];

    private readonly DisposeScope scope = NewDisposeScope();

    public void Dispose() => scope.Dispose();

    [Fact]
    public void Padding_changes_neither_the_routers_loss_nor_any_gradient()
    {
        using var model = Build(Mixtral);
        using var plain = MicroBatch.Pack(Documents);
        using var padded = MicroBatch.Pack([Documents[0], (new long[4], [-100, -100, -100, -100]), Documents[1]], null, [1]);
        Assert.Equal((4, 0), (padded.PadTokens, plain.PadTokens));
        var (expected, expectedGradients) = Run(model, plain);
        var (actual, gradients) = Run(model, padded);
        Assert.Equal(expected, actual, 1e-5);
        Assert.All(expectedGradients.Zip(gradients), pair => Assert.True(pair.First.sub(pair.Second).abs().max().item<float>() < 1e-5));
        using var counted = MicroBatch.Pack([Documents[0], (new long[4], [-100, -100, -100, -100]), Documents[1]]);
        Assert.NotEqual(expected, Run(model, counted).Loss, 1e-4);
    }

    [Fact]
    public void The_routers_loss_is_switched_on_by_output_router_logits()
    {
        using var on = Build(Mixtral);
        Assert.Equal(0.5, on.Spec.RouterLossFactor);
        using var off = Build(Mixtral.Replace("\"output_router_logits\": true", "\"output_router_logits\": false", StringComparison.Ordinal));
        using var batch = MicroBatch.Pack(Documents);
        using var tape = new Tape();
        Assert.Null(off.ComputeLosses(tape, batch, new SumLoss(), 1).RouterLoss);
    }

    [Fact]
    public void A_step_reports_the_mean_of_the_routers_loss_and_trains_on_it()
    {
        using var model = Build(Mixtral);
        foreach (var parameter in model.BaseParameters)
        {
            parameter.Trains = true;
        }

        using var optimizer = new AdamW(model.BaseParameters, new AdamWSettings());
        MicroBatch[] batches = [MicroBatch.Pack([Documents[0]]), MicroBatch.Pack([Documents[1]])];
        var alone = batches.Select(b => Run(model, b).Loss).ToArray();
        var outcome = new StepRunner(new TrainedDecoder(model, () => new SumLoss()), optimizer).Run(batches, 0, 0);
        Assert.Equal(alone.Average(), outcome.RouterLoss!.Value, 1e-5);
        Assert.Equal(0.5 * alone.Average(), outcome.Loss, 1e-5);
    }

    [Theory]
    [InlineData("mixtral", "")]
    [InlineData("qwen2_moe", "\"num_experts\": 4, \"moe_intermediate_size\": 8, \"shared_expert_intermediate_size\": 8,")]
    [InlineData("gpt_oss", "\"head_dim\": 8, \"sliding_window\": 4,")]
    [InlineData("olmoe", "\"norm_topk_prob\": false,")]
    [InlineData("deepseek_v3", "\"n_routed_experts\": 4, \"n_group\": 2, \"topk_group\": 1, \"moe_intermediate_size\": 8, \"first_k_dense_replace\": 1, "
        + "\"q_lora_rank\": 6, \"kv_lora_rank\": 6, \"qk_nope_head_dim\": 4, \"qk_rope_head_dim\": 4, \"v_head_dim\": 6,")]
    public void In_bf16_every_weight_gets_a_finite_gradient(string family, string keys)
    {
        using var model = Build(Mixtral.Replace("\"mixtral\",", $"\"{family}\", {keys}", StringComparison.Ordinal), ScalarType.BFloat16);
        using var batch = MicroBatch.Pack(Documents);
        var (_, gradients) = Run(model, batch);
        Assert.All(gradients, g => Assert.True(g.to(ScalarType.Float32).isfinite().all().item<bool>()));
        Assert.All(model.BaseParameters, p => Assert.Equal(p.IsBuffer, p.Gradient is null));
    }

    [Fact]
    public void Olmoe_normalizes_whole_projections_and_leaves_weights_as_they_are()
    {
        using var model = Build(Mixtral.Replace("\"mixtral\"", "\"olmoe\"", StringComparison.Ordinal));
        Assert.Equal([16L], ((INorm)model.At("model.layers.0.self_attn.q_norm").Original).Weight.Shape);
        var router = (IRouter)model.At("model.layers.1.mlp.gate").Original;
        Assert.Equal((RouterScore.Softmax, false, 4, 2), (router.Scoring.Score, router.Scoring.Normalizes, router.ExpertCount, router.TopK));
        Assert.Contains("model.layers.0.mlp.experts.3.up_proj.weight", model.BaseParameters.SelectMany(p => p.Parts).Select(p => p.Name));
    }

    [Fact]
    public void Olmoe_with_clip_qkv_bounds_normed_queries_and_keys_and_the_values()
    {
        string With(string clip) => Mixtral.Replace("\"mixtral\"", $"\"olmoe\", \"clip_qkv\": {clip}", StringComparison.Ordinal);
        using var free = Build(With("null"));
        using var loose = Build(With("1e6"));
        using var tight = Build(With("0.01"));
        using var batch = MicroBatch.Pack(Documents);
        var ((freeLoss, freeGradients), (looseLoss, looseGradients), (tightLoss, _)) = (Run(free, batch), Run(loose, batch), Run(tight, batch));
        Assert.Equal(freeLoss, looseLoss);
        Assert.All(freeGradients.Zip(looseGradients), pair => Assert.True(pair.First.equal(pair.Second).all().item<bool>()));
        Assert.NotEqual(freeLoss, tightLoss);
        Assert.Equal(0.01, ((GroupedAttention)tight.Spec.Layers[0].Attention).ProjectionLimit);
        Assert.Throws<InputException>(() => Build(With("-1")));
    }

    [Fact]
    public void An_override_of_the_experts_gets_input_choice_and_weights()
    {
        using var model = Build(Mixtral);
        using var batch = MicroBatch.Pack(Documents);
        var (expected, gradients) = Run(model, batch);
        var seen = new List<ForwardingExperts>();
        foreach (var site in model.Of<IExperts>())
        {
            seen.Add(new ForwardingExperts((IExperts)site.Original));
            site.Replace(seen[^1]);
        }

        model.CheckpointsLayers = true;
        var (actual, replayed) = Run(model, batch);
        Assert.Equal(expected, actual);
        Assert.All(gradients.Zip(replayed), pair => Assert.True(pair.First.equal(pair.Second).all().item<bool>()));
        Assert.All(seen, s => Assert.Equal(["[8, 16] Float32", "[8, 2] Int64", "[8, 2] Float32"], s.Shapes));
    }

    [Theory]
    [InlineData("mixtral", false)]
    [InlineData("gpt_oss", true)]
    [InlineData("deepseek_v3", true)]
    public void Steps_leave_no_tensors_behind(string family, bool checkpoints)
    {
        var keys = family == "deepseek_v3" ? ", \"n_routed_experts\": 4, \"n_group\": 2, \"topk_group\": 1, \"moe_intermediate_size\": 8, \"first_k_dense_replace\": 1" : "";
        using var model = Build(Mixtral.Replace("\"mixtral\"", $"\"{family}\"{keys}", StringComparison.Ordinal));
        model.CheckpointsLayers = checkpoints;
        using var batch = MicroBatch.Pack([Documents[0], (new long[4], [-100, -100, -100, -100]), Documents[1]], null, [1]);
        Once();
        var before = LiveTensors.Count();
        for (var i = 0; i < 3; i++)
        {
            Once();
        }

        Assert.Equal(before, Tensor.TotalCount);

        void Once()
        {
            using var inner = NewDisposeScope();
            Run(model, batch);
        }
    }

    [Fact]
    public void Jitter_in_the_router_is_refused()
        => Assert.Equal("c: router_jitter_noise is not supported; published Mixtral models have it at 0. Set overrides_of_model_config: { router_jitter_noise: 0 } to train without it.",
            Assert.Throws<InputException>(() => Build(Mixtral.Replace("\"mixtral\"", "\"mixtral\", \"router_jitter_noise\": 0.1", StringComparison.Ordinal))).Message);

    [Fact]
    public void Counts_of_experts_that_do_not_fit_are_refused()
    {
        var e = Assert.Throws<InputException>(() => Build(Mixtral.Replace("\"num_experts_per_tok\": 2", "\"num_experts_per_tok\": 5", StringComparison.Ordinal)));
        Assert.Equal("c: num_experts_per_tok (5) is above the number of experts (4).", e.Message);
        e = Assert.Throws<InputException>(() => Build(Mixtral.Replace(
            "\"mixtral\"", "\"deepseek_v3\", \"n_routed_experts\": 4, \"n_group\": 3, \"topk_group\": 1, \"moe_intermediate_size\": 8", StringComparison.Ordinal)));
        Assert.Equal("c: n_group (3) must divide n_routed_experts (4) into groups of at least two, and topk_group (1) must not be above it.", e.Message);
    }

    private static DecoderModel Build(string json, ScalarType dtype = ScalarType.Float32)
    {
        manual_seed(2);
        var config = HuggingFaceConfig.Parse(json, "c");
        var model = DecoderBuilder.Build(ModelFamilies.Of(config).Describe(config), (name, shape) => randn(shape).mul_(Scalars.Of(0.3)).to(dtype).DetachFromDisposeScope());
        model.Attention.Exchange(new MeanAttention());
        return model;
    }

    private static (double Loss, Tensor[] Gradients) Run(DecoderModel model, MicroBatch batch)
    {
        foreach (var parameter in model.BaseParameters)
        {
            parameter.SetGradient(null);
            parameter.Trains = true;
        }

        using var tape = new Tape();
        var losses = model.ComputeLosses(tape, batch, new SumLoss { IsCounted = true }, 1);
        losses.AddTo(tape);
        var value = losses.RouterLoss?.Tensor.item<float>() ?? 0;
        tape.Backward();
        return (value, [.. model.BaseParameters.Where(p => !p.IsBuffer).Select(p => p.Gradient!.clone())]);
    }
}

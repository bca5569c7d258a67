using Neoteny.Autograd;
using Neoteny.Batches;
using Neoteny.Models.Adapters;
using Neoteny.Models.Configuration;
using Neoteny.Models.Decoder;
using Neoteny.Models.Families;
using Neoteny.Plugins.CrossEntropy;
using Neoteny.Plugins.Lora;
using Neoteny.Plugins.Sdpa;
using Neoteny.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Neoteny.Plugins.Tests.Lora;

/// <summary>Adapters on the embedding and the head, in PEFT's layout.</summary>
public sealed class EmbeddingAdapterTests : IDisposable
{
    private const string Embedding = "base_model.model.model.embed_tokens.lora_embedding_";

    private static readonly LoraOptions Options = new() { Rank = 3, Alpha = 6, TargetModules = ["embed_tokens", "lm_head", "q_proj"] };

    private readonly DisposeScope scope = NewDisposeScope();

    public void Dispose() => scope.Dispose();

    [Theory]
    [InlineData("llama")]
    [InlineData("gemma")]
    public void Their_gradients_are_those_of_the_weights_they_add_to(string family)
    {
        using var model = Build(family);
        var deltas = Adapt(model);
        var embedding = model.BaseParameters.Single(p => p.Path == "model.embed_tokens.weight");
        var head = model.BaseParameters.Single(p => p.Path == "lm_head.weight");
        (embedding.Trains, head.Trains) = (true, true);
        Loss(model, trains: true);

        Assert.Equal(4, deltas.Count);
        foreach (var (delta, weight) in new[] { (deltas["model.embed_tokens"], embedding), (deltas["lm_head"], head) })
        {
            using var a_RH = delta.A.Rent();
            using var b_VR = delta.B.Rent();
            var gradient_VH = weight.Gradient!.mul(Scalars.Of(delta.Scale));
            Assert.True(delta.A.Gradient!.sub(b_VR.Tensor.t().mm(gradient_VH)).abs().max().item<float>() < 1e-5);
            Assert.True(delta.B.Gradient!.sub(gradient_VH.mm(a_RH.Tensor.t())).abs().max().item<float>() < 1e-5);
            Assert.True(delta.B.Gradient!.abs().max().item<float>() > 1e-3);
        }
    }

    [Theory]
    [InlineData("llama")]
    [InlineData("gemma")]
    public void Merged_saved_and_read_again_they_compute_the_same(string family)
    {
        using var model = Build(family);
        var plain = Loss(model);
        var adapter = new LoraAdapter(Options);
        Adapt(model, adapter);
        var adapted = Loss(model);
        Assert.NotEqual(plain, adapted, 1e-3);

        var files = AdapterSetup.Export(model, adapter, "./base");
        Assert.Equal([3, 31], files.Tensors[Embedding + "A"].shape);
        Assert.Equal([16, 3], files.Tensors[Embedding + "B"].shape);
        Assert.Equal([31, 3], files.Tensors["base_model.model.lm_head.lora_B.weight"].shape);
        using var again = Build(family);
        AdapterSetup.Attach(again, new LoraAdapter(new LoraOptions()), files, seed: 0);
        Assert.Equal(adapted, Loss(again));

        AdapterSetup.Merge(model);
        Assert.Equal(adapted, Loss(model), 1e-5);
    }

    [Fact]
    public void A_fresh_adapter_on_the_embedding_changes_nothing()
    {
        using var model = Build("llama");
        var plain = Loss(model);
        AdapterSetup.Attach(model, new LoraAdapter(Options), null, seed: 1);
        Assert.Equal(plain, Loss(model));
    }

    [Fact]
    public void Where_the_weight_is_shared_they_cannot_be_merged_and_DoRA_is_refused()
    {
        using var model = Build("llama", ties: true);
        Adapt(model);
        var e = Assert.Throws<InputException>(() => AdapterSetup.Merge(model));
        Assert.Equal("model.embed_tokens: the model ties the embedding and the head, so an adapter on one of them cannot be merged without changing the other. "
            + "Use the model with the adapter beside it.", e.Message);
        using var other = Build("llama");
        e = Assert.Throws<InputException>(() => AdapterSetup.Attach(other, new LoraAdapter(Options with { UseDora = true }), null, 1));
        Assert.Equal("model.embed_tokens: adapters on the embedding and the head have no DoRA, and on the embedding no bias (lora_bias). Remove those, or this target.", e.Message);
    }

    private static Dictionary<string, Adapters.LowRankDelta> Adapt(DecoderModel model, LoraAdapter? adapter = null)
    {
        AdapterSetup.Attach(model, adapter ?? new LoraAdapter(Options), null, seed: 1);
        using var generator = new Generator(5, CPU);
        foreach (var delta in model.Sites.SelectMany(s => s.Deltas))
        {
            delta.B.Update(b => b.uniform_(-0.3, 0.3, generator));
        }

        return model.Sites.Where(s => s.Deltas.Count > 0).ToDictionary(s => s.Path, s => s.Deltas.Single());
    }

    private static float Loss(DecoderModel model, bool trains = false)
    {
        using var batch = MicroBatch.Pack([([1, 5, 9, 5, 2], [1, 5, 9, 5, 2]), ([3, 4, 3], [3, 4, 3])]);
        using var tape = new Tape(new TapeOptions { Recording = trains });
        var loss = model.ComputeLoss(tape, batch, new CrossEntropyLoss(), 1.0 / batch.TrainedTokens);
        var value = loss.Tensor.item<float>();
        if (trains)
        {
            tape.AddLoss(loss);
            tape.Backward();
        }

        return value;
    }

    private static DecoderModel Build(string family, bool ties = false)
    {
        manual_seed(3);
        var config = HuggingFaceConfig.Parse($$"""
            {"model_type": "{{family}}", "vocab_size": 31, "hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 2, "num_attention_heads": 2, "head_dim": 8,
             "num_key_value_heads": 1, "tie_word_embeddings": {{(ties ? "true" : "false")}}}
            """, "c");
        var model = DecoderBuilder.Build(ModelFamilies.Of(config).Describe(config), (_, shape) => randn(shape).mul_(Scalars.Of(0.3)));
        model.Attention.Exchange(new EagerAttention());
        return model;
    }
}

using System.Text.Json.Nodes;
using Neoteny.Adapters;
using Neoteny.Models.Adapters;
using Neoteny.Models.Configuration;
using Neoteny.Models.Decoder;
using Neoteny.Models.Families;
using Neoteny.Modules;
using Neoteny.Plugins.Lora;
using Neoteny.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Neoteny.Plugins.Tests.Lora;

public sealed class ExpertAdapterTests : IDisposable
{
    private const int Experts = 4, Hidden = 16, Inner = 6;
    private const string ExpertsPath = "model.layers.0.mlp.experts";

    private readonly DisposeScope scope = NewDisposeScope();
    private readonly DecoderModel model = Build("mixtral");

    public void Dispose()
    {
        model.Dispose();
        scope.Dispose();
    }

    [Theory]
    [InlineData(2, "mlp.experts.gate_up_proj")]
    [InlineData(2, "gate_up_proj", "down_proj")]
    [InlineData(4, "gate.weight", "model.layers.0.mlp.experts.down_proj", "experts.down_proj")]
    public void Names_and_their_ends_choose_parameters_of_routers_and_experts(int count, params string[] targets)
    {
        var paths = Attach(model, new LoraOptions { Rank = 2, Alpha = 4, TargetParameters = targets });
        Assert.Equal(count, paths.Count);
        Assert.All(paths, p => Assert.True(model.At(p).Original is IRouter or IExperts));
    }

    [Fact]
    public void A_name_that_matches_nothing_is_refused_with_what_there_is()
    {
        var e = Assert.Throws<InputException>(() => Attach(model, new LoraOptions { Rank = 2, Alpha = 4, TargetParameters = ["mlp.experts.up_proj"] }));
        Assert.Equal("lora_target_parameters: 'mlp.experts.up_proj' matches no parameter of a router or of stacked experts. "
            + "This model has: gate.weight, experts.gate_up_proj, experts.down_proj.", e.Message);
        using var dense = Steps.TinyDecoder.Build();
        e = Assert.Throws<InputException>(() => Attach(dense, new LoraOptions { Rank = 2, Alpha = 4, TargetModules = ["q_proj"], TargetParameters = ["experts.down_proj"] }));
        Assert.Equal("lora_target_parameters: 'experts.down_proj' matches no parameter of a router or of stacked experts. This model has none; remove the key.", e.Message);
    }

    [Fact]
    public void Linear_modules_leave_routers_and_experts_alone()
    {
        var paths = Attach(model, new LoraOptions { Rank = 2, Alpha = 4, TargetLinear = true });
        Assert.Equal(8, paths.Count);
        Assert.All(paths, p => Assert.Contains(".self_attn.", p, StringComparison.Ordinal));
    }

    [Fact]
    public void Both_stacks_carry_a_delta_whose_names_nest_as_wrapped_modules_do()
    {
        Attach(model, new LoraOptions
        {
            Rank = 2,
            Alpha = 4,
            TargetParameters = ["down_proj", "gate_up_proj"],
            RankPattern = new Dictionary<string, int> { [@".*\.gate_up_proj"] = 3 },
            AlphaPattern = new Dictionary<string, double> { ["down_proj"] = 10 },
        });
        var deltas = model.At(ExpertsPath).Deltas;
        Assert.Equal([DeltaTarget.GateUp, DeltaTarget.Down], deltas.Select(d => d.Target));
        Assert.Equal([$"{ExpertsPath}.base_layer.lora_A.weight", $"{ExpertsPath}.lora_A.weight"], deltas.Select(d => d.A.Path));
        Assert.Equal([Experts * 3, Hidden], deltas[0].A.Shape);
        Assert.Equal([2 * Inner, Experts * 3], deltas[0].B.Shape);
        Assert.Equal([Experts * 2, Inner], deltas[1].A.Shape);
        Assert.Equal([Hidden, Experts * 2], deltas[1].B.Shape);
        Assert.Equal([4.0 / 3, 5.0], deltas.Select(d => d.Scale));
        Assert.Equal(0, Values(deltas[0].B).Max(MathF.Abs));
        Assert.NotEqual(Values(deltas[0].A)[..8], Values(deltas[1].A)[..8]);
    }

    [Fact]
    public void A_saved_configuration_names_parameters_apart_from_modules()
    {
        var adapter = new LoraAdapter(new LoraOptions { Rank = 2, Alpha = 4, TargetModules = ["q_proj"], TargetParameters = ["gate.weight", "experts.down_proj"] });
        AdapterSetup.Attach(model, adapter, null, 1);
        var files = AdapterSetup.Export(model, adapter, "base");
        var json = JsonNode.Parse(files.Configuration)!;
        Assert.Equal(["model.layers.0.self_attn.q_proj", "model.layers.1.self_attn.q_proj"], json["target_modules"]!.AsArray().Select(n => (string)n!));
        Assert.Equal(
            ["model.layers.0.mlp.gate.weight", "model.layers.0.mlp.experts.down_proj", "model.layers.1.mlp.gate.weight", "model.layers.1.mlp.experts.down_proj"],
            json["target_parameters"]!.AsArray().Select(n => (string)n!));
        Assert.Contains("base_model.model.model.layers.0.mlp.gate.lora_B.weight", files.Tensors.Keys);
        Assert.Contains("base_model.model.model.layers.1.mlp.experts.lora_A.weight", files.Tensors.Keys);
    }

    [Theory]
    [InlineData("mixtral")]
    [InlineData("gpt_oss")]
    public void Written_and_read_again_the_deltas_are_the_same_and_merging_adds_them(string family)
    {
        using DecoderModel first = Build(family), second = Build(family);
        var options = new LoraOptions { Rank = 2, Alpha = 4, TargetParameters = ["gate_up_proj", "down_proj"] };
        var adapter = new LoraAdapter(options);
        AdapterSetup.Attach(first, adapter, null, 1);
        foreach (var delta in first.Sites.SelectMany(s => s.Deltas))
        {
            delta.B.Update(b => b.copy_(randn(b.shape)));
        }

        var files = AdapterSetup.Export(first, adapter, "base");
        AdapterSetup.Attach(second, new LoraAdapter(new LoraOptions()), files, 2);
        var pairs = first.At(ExpertsPath).Deltas.Zip(second.At(ExpertsPath).Deltas).ToList();
        Assert.All(pairs, p => Assert.Equal(Values(p.First.B), Values(p.Second.B)));
        var stored = files.Tensors[$"base_model.model.{pairs[0].First.B.Path}"];
        Assert.Equal(family == "gpt_oss", !stored.equal(Tensor(pairs[0].First.B)).all().item<bool>());

        var delta0 = pairs[0].First;
        var (weight, a, b) = (((IExperts)first.At(ExpertsPath).Original).GateUp, Tensor(delta0.A).clone(), Tensor(delta0.B).clone());
        var expected = Tensor(weight).add(
            b.view(2 * Inner, 2, Experts).permute(2, 0, 1).bmm(a.view(Experts, 2, Hidden)).mul(Scalars.Of(delta0.Scale)), Scalars.One);
        AdapterSetup.Merge(first);
        Assert.True(Tensor(weight).sub(expected).abs().max().item<float>() < 1e-6);
        Assert.Empty(first.At(ExpertsPath).Deltas);
    }

    [Fact]
    public void Dropout_magnitudes_and_biases_are_refused_on_bare_parameters()
    {
        var e = Assert.Throws<InputException>(() => Attach(model, new LoraOptions { Rank = 2, Alpha = 4, UseDora = true, TargetParameters = ["down_proj"] }));
        Assert.Equal("model.layers.0.mlp.experts.down_proj: adapters on bare parameters (target_parameters) have neither dropout, nor DoRA, nor a bias. "
            + "Remove those, or these targets.", e.Message);
    }

    private static IReadOnlyList<string> Attach(DecoderModel model, LoraOptions options) => AdapterSetup.Attach(model, new LoraAdapter(options), null, 1);

    private static DecoderModel Build(string family)
    {
        manual_seed(4);
        var config = HuggingFaceConfig.Parse($$"""
            {"model_type": "{{family}}", "vocab_size": 11, "hidden_size": {{Hidden}}, "intermediate_size": {{Inner}}, "num_hidden_layers": 2, "num_attention_heads": 2,
             "num_key_value_heads": 1, "head_dim": 8, "num_local_experts": {{Experts}}, "num_experts_per_tok": 2}
            """, "c");
        return DecoderBuilder.Build(ModelFamilies.Of(config).Describe(config), (_, shape) => randn(shape).DetachFromDisposeScope());
    }

    private static Tensor Tensor(Parameters.Parameter parameter)
    {
        using var lease = parameter.Rent();
        return lease.Tensor;
    }

    private static float[] Values(Parameters.Parameter parameter) => Tensor(parameter).data<float>().ToArray();
}

using System.Text.Json.Nodes;
using Neoteny.Adapters;
using Neoteny.Models.Adapters;
using Neoteny.Models.Decoder;
using Neoteny.Modules;
using Neoteny.Plugins.Lora;
using Neoteny.Plugins.Tests.Steps;
using TorchSharp;
using static TorchSharp.torch;

namespace Neoteny.Plugins.Tests.Lora;

public sealed class LoraAdapterTests : IDisposable
{
    private readonly DisposeScope scope = NewDisposeScope();
    private readonly DecoderModel model = TinyDecoder.Build();

    public void Dispose()
    {
        model.Dispose();
        scope.Dispose();
    }

    [Theory]
    [InlineData(4, "q_proj", "v_proj")]
    [InlineData(2, "self_attn.o_proj")]
    [InlineData(1, "model.layers.1.mlp.down_proj")]
    [InlineData(1, "layers.0.self_attn.k_proj")]
    [InlineData(2, @"model\.layers\.1\.self_attn\.(q|k)_proj")]
    [InlineData(4, ".*(up|gate)_proj")]
    public void Names_path_ends_and_a_regular_expression_choose_modules(int count, params string[] targets)
    {
        var paths = Claim(new LoraOptions { Rank = 2, Alpha = 4, TargetModules = targets });
        Assert.Equal(count, paths.Count);
        Assert.All(paths, p => Assert.IsAssignableFrom<ILinear>(model.At(p).Original));
    }

    [Fact]
    public void All_linear_means_every_projection_but_the_head()
    {
        var paths = Claim(new LoraOptions { Rank = 2, Alpha = 4, TargetLinear = true });
        Assert.Equal(14, paths.Count);
        Assert.DoesNotContain("lm_head", paths);
    }

    [Fact]
    public void A_name_matches_whole_parts_of_a_path_only()
    {
        var e = Assert.Throws<InputException>(() => Claim(new LoraOptions { Rank = 2, Alpha = 4, TargetModules = ["q_proj", "proj"] }));
        Assert.Equal(
            "lora_target_modules: 'proj' matches no linear module of this model. It has: q_proj, k_proj, v_proj, o_proj, gate_proj, up_proj, down_proj.", e.Message);
    }

    [Fact]
    public void An_expression_that_matches_nothing_or_is_none_is_refused()
    {
        var e = Assert.Throws<InputException>(() => Claim(new LoraOptions { Rank = 2, Alpha = 4, TargetModules = ["x+_proj"] }));
        Assert.Equal("lora_target_modules: 'x+_proj' matches no linear module of this model.", e.Message);
        e = Assert.Throws<InputException>(() => Claim(new LoraOptions { Rank = 2, Alpha = 4, TargetModules = ["(q_proj"] }));
        Assert.StartsWith("lora_target_modules: '(q_proj' is not a valid regular expression: ", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_fresh_adapter_changes_nothing_and_is_drawn_from_the_seed()
    {
        var options = new LoraOptions { Rank = 3, Alpha = 6, TargetLinear = true };
        float[][] A(ulong seed)
        {
            using var fresh = TinyDecoder.Build();
            AdapterSetup.Attach(fresh, new LoraAdapter(options), null, seed);
            var deltas = fresh.Sites.SelectMany(s => s.Deltas).ToList();
            Assert.All(deltas, d => Assert.Equal(0, Values(d.B).Max(MathF.Abs)));
            Assert.All(deltas, d => Assert.True(Values(d.A).Max(MathF.Abs) <= 1 / Math.Sqrt(d.A.Shape[1])));
            Assert.All(deltas, d => Assert.Equal(ScalarType.Float32, d.A.DType));
            return [.. deltas.Select(d => Values(d.A))];
        }

        var (one, again, other) = (A(1), A(1), A(2));
        Assert.All(one.Zip(again), pair => Assert.Equal(pair.First, pair.Second));
        Assert.NotEqual(one[0], other[0]);
        // Sites of one shape draw different numbers.
        Assert.NotEqual(one[0], one[7]);
    }

    [Theory]
    [InlineData(false, 2.0)]
    [InlineData(true, 4.0)]
    public void The_factor_divides_by_the_rank_or_its_root(bool stabilized, double expected)
    {
        AdapterSetup.Attach(model, new LoraAdapter(new LoraOptions { Rank = 4, Alpha = 8, Dropout = 0.25, TargetModules = ["q_proj"], UseRsLora = stabilized }), null, 1);
        var delta = Assert.Single(model.At("model.layers.0.self_attn.q_proj").Deltas);
        Assert.Equal((expected, 0.25), (delta.Scale, delta.Dropout));
        Assert.All(model.BaseParameters, p => Assert.False(p.Trains));
        Assert.All(delta.Parameters, p => Assert.True(p.Trains));
    }

    [Fact]
    public void Magnitudes_begin_as_the_row_norms_of_the_weight()
    {
        AdapterSetup.Attach(model, new LoraAdapter(new LoraOptions { Rank = 4, Alpha = 8, TargetModules = ["k_proj"], UseDora = true }), null, 1);
        var site = model.At("model.layers.0.self_attn.k_proj");
        using var weight = ((ILinear)site.Original).Weight.Rent();
        Assert.Equal(weight.Tensor.norm(1, false, 2f).data<float>(), Values(site.Deltas[0].Magnitude!));
    }

    [Fact]
    public void Files_have_the_names_shapes_and_keys_of_peft()
    {
        var adapter = new LoraAdapter(new LoraOptions { Rank = 3, Alpha = 6, Dropout = 0.1, TargetModules = ["q_proj", "down_proj"], UseDora = true });
        AdapterSetup.Attach(model, adapter, null, 1);
        var files = AdapterSetup.Export(model, adapter, "./base");
        const string Q = "base_model.model.model.layers.1.self_attn.q_proj", Down = "base_model.model.model.layers.0.mlp.down_proj";
        Assert.Equal(12, files.Tensors.Count);
        Assert.Equal([3, 24], files.Tensors[$"{Q}.lora_A.weight"].shape);
        Assert.Equal([24, 3], files.Tensors[$"{Q}.lora_B.weight"].shape);
        Assert.Equal([24], files.Tensors[$"{Q}.lora_magnitude_vector"].shape);
        Assert.Equal([3, 40], files.Tensors[$"{Down}.lora_A.weight"].shape);
        var json = JsonNode.Parse(files.Configuration)!;
        Assert.Equal(("LORA", "CAUSAL_LM", "./base", "none"), ((string)json["peft_type"]!, (string)json["task_type"]!, (string)json["base_model_name_or_path"]!, (string)json["bias"]!));
        Assert.Equal((3, 6, 0.1, true, false), ((int)json["r"]!, (int)json["lora_alpha"]!, (double)json["lora_dropout"]!, (bool)json["use_dora"]!, (bool)json["use_rslora"]!));
        Assert.Equal(
            ["model.layers.0.mlp.down_proj", "model.layers.0.self_attn.q_proj", "model.layers.1.mlp.down_proj", "model.layers.1.self_attn.q_proj"],
            json["target_modules"]!.AsArray().Select(n => (string)n!).Order());
    }

    [Fact]
    public void What_was_saved_loads_bit_for_bit_and_keeps_its_settings()
    {
        var adapter = new LoraAdapter(new LoraOptions { Rank = 3, Alpha = 7.5, TargetLinear = true, UseRsLora = true });
        AdapterSetup.Attach(model, adapter, null, 1);
        foreach (var delta in model.Sites.SelectMany(s => s.Deltas))
        {
            delta.B.Update(b => b.uniform_(-1, 1));
        }

        var files = AdapterSetup.Export(model, adapter, "./base");
        using var other = TinyDecoder.Build();
        var reader = new LoraAdapter(new LoraOptions());
        Assert.True(reader.Reads(files));
        AdapterSetup.Attach(other, reader, files, 99);
        foreach (var (mine, theirs) in model.Sites.SelectMany(s => s.Deltas).Zip(other.Sites.SelectMany(s => s.Deltas)))
        {
            Assert.Equal(mine.Scale, theirs.Scale);
            Assert.Equal(Values(mine.A), Values(theirs.A));
            Assert.Equal(Values(mine.B), Values(theirs.B));
        }
    }

    [Fact]
    public void Files_that_do_not_fit_are_refused_by_name()
    {
        var adapter = new LoraAdapter(new LoraOptions { Rank = 3, Alpha = 6, TargetModules = ["q_proj"] });
        AdapterSetup.Attach(model, adapter, null, 1);
        var files = AdapterSetup.Export(model, adapter, "./base");
        const string Name = "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight";
        Assert.Equal(
            $"adapter_model.safetensors has no tensor '{Name}', which adapter_config.json calls for. The adapter belongs to another model, or its file is incomplete.",
            Refused(files.Configuration, files.Tensors.Where(t => t.Key != Name).ToDictionary()));
        Assert.Equal(
            $"adapter_model.safetensors: '{Name}' has shape [3, 5] where the model and rank need [3, 24]. The adapter belongs to another model.",
            Refused(files.Configuration, new Dictionary<string, Tensor>(files.Tensors) { [Name] = zeros(3, 5) }));
        Assert.Equal("adapter_config.json has peft_type 'IA3'; this plugin reads LORA.", Refused("""{"peft_type": "IA3"}""", files.Tensors));
        Assert.StartsWith("adapter_config.json is not a LoRA configuration as PEFT writes it: ", Refused("{ nonsense", files.Tensors), StringComparison.Ordinal);
        Assert.Equal(
            "adapter_config.json uses trainable_token_indices, which this version does not support. Merge the adapter with PEFT and load the merged model instead.",
            Refused("""{"peft_type": "LORA", "r": 3, "lora_alpha": 6, "trainable_token_indices": [1]}""", files.Tensors));
        Assert.False(adapter.Reads(new AdapterFiles { Configuration = """{"peft_type": "IA3"}""", Tensors = files.Tensors }));
        Assert.False(adapter.Reads(new AdapterFiles { Configuration = "nonsense", Tensors = files.Tensors }));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Merging_gives_the_logits_of_the_adapted_model(bool dora)
    {
        model.Attention.Exchange(new Sdpa.SdpaAttention());
        AdapterSetup.Attach(model, new LoraAdapter(new LoraOptions { Rank = 3, Alpha = 6, Dropout = 0.5, TargetLinear = true, UseDora = dora }), null, 1);
        foreach (var delta in model.Sites.SelectMany(s => s.Deltas))
        {
            delta.B.Update(b => b.uniform_(-0.1, 0.1));
        }

        var adapted = Logits();
        AdapterSetup.Merge(model);
        Assert.Empty(model.Sites.SelectMany(s => s.Deltas));
        Close.To(adapted, Logits(), 1e-5, "merged logits");
    }

    private Tensor Logits()
    {
        using var tape = new Autograd.Tape(new Autograd.TapeOptions { Recording = false });
        using var layout = Neoteny.Attention.SequenceLayout.Of([7]);
        var ids = arange(7, dtype: ScalarType.Int64);
        return model.Head.Forward(tape, model.Forward(tape, ids, ids, layout)).Tensor.clone();
    }

    private string Refused(string configuration, IReadOnlyDictionary<string, Tensor> tensors)
    {
        using var other = TinyDecoder.Build();
        var files = new AdapterFiles { Configuration = configuration, Tensors = tensors };
        return Assert.Throws<InputException>(() => AdapterSetup.Attach(other, new LoraAdapter(new LoraOptions()), files, 1)).Message;
    }

    private List<string> Claim(LoraOptions options) => [.. new LoraAdapter(options).Claim(new AdapterRequest { Model = model })];

    private static float[] Values(Neoteny.Parameters.Parameter parameter)
    {
        using var lease = parameter.Rent();
        return lease.Tensor.data<float>().ToArray();
    }
}

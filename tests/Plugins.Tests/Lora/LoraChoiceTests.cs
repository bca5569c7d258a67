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

/// <summary>Which modules an adapter takes, with which rank, and which train in full beside it.</summary>
public sealed class LoraChoiceTests : IDisposable
{
    private readonly DisposeScope scope = NewDisposeScope();
    private readonly DecoderModel model = Untied();

    public void Dispose()
    {
        model.Dispose();
        scope.Dispose();
    }

    [Fact]
    public void Layers_are_chosen_by_number_but_not_for_whole_paths()
    {
        Assert.Equal(["model.layers.1.self_attn.q_proj"], Claim(new LoraOptions { Rank = 2, Alpha = 4, TargetModules = ["q_proj"], Layers = [1] }));
        Assert.Equal(7, Claim(new LoraOptions { Rank = 2, Alpha = 4, TargetLinear = true, Layers = [0], LayersPattern = ["layers"] }).Count);
        Assert.Equal(
            ["model.layers.0.self_attn.k_proj", "model.layers.1.self_attn.q_proj"],
            Claim(new LoraOptions { Rank = 2, Alpha = 4, TargetModules = ["q_proj", "model.layers.0.self_attn.k_proj"], Layers = [1] }).Order());
        var error = Assert.Throws<InputException>(() => Claim(new LoraOptions { Rank = 2, Alpha = 4, TargetModules = ["q_proj"], Layers = [7] }));
        Assert.Equal("lora_target_modules: 'q_proj' matches no linear module in the layers 7 (peft_layers_to_transform) of this model.", error.Message);
    }

    [Theory]
    [InlineData("""["q_proj", "nothing_like_it"]""", "null", 2)]
    [InlineData("""["q_proj", "k_proj"]""", """["layers.0.self_attn.q_proj"]""", 3)]
    [InlineData("\"all-linear\"", "\".*mlp.*\"", 8)]
    [InlineData(@"""model\\.layers\\.(?=1).*(q|k)_proj""", "null", 2)]
    [InlineData(@"""(?P<stack>model)\\.layers\\.\\d+\\.mlp\\.up_proj""", "null", 2)]
    public void Files_of_peft_choose_as_peft_does(string targets, string excluded, int count)
        => Assert.Equal(count, Claim($$"""{"peft_type": "LORA", "r": 2, "lora_alpha": 4, "target_modules": {{targets}}, "exclude_modules": {{excluded}}}""").Count);

    [Fact]
    public void What_is_excluded_altogether_is_an_error()
        => Assert.Equal(
            "lora_target_modules: all modules that 'q_proj' matches are excluded by exclude_modules.",
            Assert.Throws<InputException>(() => Claim("""{"peft_type": "LORA", "r": 2, "lora_alpha": 4, "target_modules": ["q_proj"], "exclude_modules": ["self_attn.q_proj"]}""")).Message);

    [Fact]
    public void Ranks_and_alphas_are_given_by_expressions_over_the_end_of_a_path()
    {
        var options = new LoraOptions
        {
            Rank = 4,
            Alpha = 8,
            TargetModules = ["q_proj", "v_proj", "down_proj"],
            RankPattern = new Dictionary<string, int> { ["(q|k)_proj"] = 2, ["^model.layers.1.mlp.down_proj"] = 3 },
            AlphaPattern = new Dictionary<string, double> { [@"layers\.\d+\.mlp\.down_proj"] = 6 },
        };
        var adapter = new LoraAdapter(options);
        AdapterSetup.Attach(model, adapter, null, 1);
        (long, double) Of(string path) => (model.At(path).Deltas[0].A.Shape[0], model.At(path).Deltas[0].Scale);
        Assert.Equal((2, 4.0), Of("model.layers.0.self_attn.q_proj"));
        Assert.Equal((4, 2.0), Of("model.layers.0.self_attn.v_proj"));
        Assert.Equal((4, 1.5), Of("model.layers.0.mlp.down_proj"));
        Assert.Equal((3, 2.0), Of("model.layers.1.mlp.down_proj"));
        var json = JsonNode.Parse(AdapterSetup.Export(model, adapter, "base").Configuration)!;
        Assert.Equal(2, (int)json["rank_pattern"]!["(q|k)_proj"]!);
    }

    [Fact]
    public void Modules_saved_whole_train_come_back_and_are_named_by_the_file()
    {
        var adapter = new LoraAdapter(new LoraOptions { Rank = 2, Alpha = 4, TargetModules = ["q_proj"], ModulesToSave = ["embed_tokens", "lm_head"] });
        AdapterSetup.Attach(model, adapter, null, 1);
        var whole = model.BaseParameters.Where(p => p.Trains).ToList();
        Assert.Equal(["model.embed_tokens.weight", "lm_head.weight"], whole.Select(p => p.Path));
        whole.ForEach(p => p.Update(w => w.uniform_(-1, 1)));
        var files = AdapterSetup.Export(model, adapter, "base");
        Assert.Equal(["embed_tokens", "lm_head"], JsonNode.Parse(files.Configuration)!["modules_to_save"]!.AsArray().Select(n => (string?)n));
        using var other = Untied();
        AdapterSetup.Attach(other, new LoraAdapter(new LoraOptions()), files, 2);
        foreach (var parameter in whole)
        {
            using var mine = parameter.Rent();
            using var theirs = other.BaseParameters.Single(p => p.Path == parameter.Path).Rent();
            Assert.Equal(mine.Tensor.data<float>(), theirs.Tensor.data<float>());
        }

        const string Name = "base_model.model.lm_head.weight";
        Assert.Equal(
            $"adapter_model.safetensors has no tensor '{Name}', which adapter_config.json calls for. The adapter belongs to another model, or its file is incomplete.",
            Refused(files, files.Tensors.Where(t => t.Key != Name).ToDictionary()));
        Assert.Equal(
            $"adapter_model.safetensors: '{Name}' has shape [70, 24] where the model has [61, 24]. "
            + "The adapter belongs to another model, or to one with other tokens: give the special_tokens and tokens it was trained with.",
            Refused(files, new Dictionary<string, Tensor>(files.Tensors) { [Name] = zeros(70, 24) }));
    }

    [Fact]
    public void A_module_to_save_that_is_not_there_is_refused()
        => Assert.StartsWith(
            "lora_modules_to_save: the model has no module 'score'. It has: embed_tokens, ",
            Assert.Throws<InputException>(() => AdapterSetup.Attach(model, new LoraAdapter(new LoraOptions { Rank = 2, Alpha = 4, TargetModules = ["q_proj"], ModulesToSave = ["score"] }), null, 1)).Message,
            StringComparison.Ordinal);

    [Fact]
    public void A_tied_embedding_is_saved_under_both_names_and_refused_where_it_was_trained_apart()
    {
        using var tied = Tied();
        var adapter = new LoraAdapter(new LoraOptions { Rank = 2, Alpha = 4, TargetModules = ["q_proj"], ModulesToSave = ["embed_tokens", "lm_head"] });
        AdapterSetup.Attach(tied, adapter, null, 1);
        Assert.Equal("model.embed_tokens.weight", Assert.Single(tied.BaseParameters, p => p.Trains).Path);
        var files = AdapterSetup.Export(tied, adapter, "base");
        Assert.True((bool)JsonNode.Parse(files.Configuration)!["ensure_weight_tying"]!);
        Assert.Contains("base_model.model.lm_head.weight", files.Tensors.Keys);
        using var again = Tied();
        AdapterSetup.Attach(again, new LoraAdapter(new LoraOptions()), files, 1);
        using var third = Tied();
        var apart = new AdapterFiles
        {
            Configuration = files.Configuration.Replace("\"ensure_weight_tying\": true", "\"ensure_weight_tying\": false", StringComparison.Ordinal),
            Tensors = new Dictionary<string, Tensor>(files.Tensors) { ["base_model.model.lm_head.weight"] = zeros(61, 24) },
        };
        Assert.Equal(
            "adapter_model.safetensors: 'base_model.model.model.embed_tokens.weight' and 'base_model.model.lm_head.weight' were trained apart, but this model ties them. "
            + "Merge the adapter with PEFT and load the merged model instead.",
            Assert.Throws<InputException>(() => AdapterSetup.Attach(third, new LoraAdapter(new LoraOptions()), apart, 1)).Message);
    }

    [Fact]
    public void A_bias_of_the_adapter_cannot_be_merged_into_a_module_without_one()
    {
        const string Configuration = """{"peft_type": "LORA", "r": 2, "lora_alpha": 4, "lora_bias": true, "target_modules": ["q_proj"]}""";
        var tensors = model.Of<ILinear>().Where(s => s.Path.EndsWith("q_proj", StringComparison.Ordinal)).SelectMany(s => new[]
        {
            KeyValuePair.Create($"base_model.model.{s.Path}.lora_A.weight", zeros(2, 24)),
            KeyValuePair.Create($"base_model.model.{s.Path}.lora_B.weight", zeros(24, 2)),
            KeyValuePair.Create($"base_model.model.{s.Path}.lora_B.bias", ones(24)),
        }).ToDictionary();
        AdapterSetup.Attach(model, new LoraAdapter(new LoraOptions()), new AdapterFiles { Configuration = Configuration, Tensors = tensors }, 1);
        Assert.Equal(
            "model.layers.0.self_attn.q_proj: the adapter has a bias (lora_bias) and the module has none, so they cannot be merged. Use the model with the adapter beside it.",
            Assert.Throws<InputException>(() => AdapterSetup.Merge(model)).Message);
    }

    [Theory]
    [InlineData("\"bias\": \"some\"", "adapter_config.json has bias 'some'; known are none, all and lora_only.")]
    [InlineData("\"lora_bias\": true, \"use_dora\": true", "adapter_config.json has use_dora and lora_bias, which cannot be combined.")]
    public void What_peft_cannot_mean_is_refused(string keys, string message)
        => Assert.Equal(message, Assert.Throws<InputException>(() => Claim($$"""{"peft_type": "LORA", "r": 2, "lora_alpha": 4, "target_modules": ["q_proj"], {{keys}}}""")).Message);

    private List<string> Claim(LoraOptions options) => [.. new LoraAdapter(options).Claim(new AdapterRequest { Model = model })];

    private List<string> Claim(string configuration)
        => [.. new LoraAdapter(new LoraOptions()).Claim(new AdapterRequest { Model = model, Saved = new AdapterFiles { Configuration = configuration, Tensors = new Dictionary<string, Tensor>() } })];

    private static string Refused(AdapterFiles files, IReadOnlyDictionary<string, Tensor> tensors)
    {
        using var other = Untied();
        var changed = new AdapterFiles { Configuration = files.Configuration, Tensors = tensors };
        return Assert.Throws<InputException>(() => AdapterSetup.Attach(other, new LoraAdapter(new LoraOptions()), changed, 1)).Message;
    }

    private static DecoderModel Tied() => TinyDecoder.Build();

    private static DecoderModel Untied()
    {
        using var tied = TinyDecoder.Build();
        return DecoderBuilder.Build(tied.Spec with { TiesHead = false }, static (_, shape) => rand(shape));
    }
}

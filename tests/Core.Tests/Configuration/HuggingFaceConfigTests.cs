using Neoteny.Models.Configuration;
using Neoteny.Models.Families;
using static TorchSharp.torch;

namespace Neoteny.Core.Tests.Configuration;

public class HuggingFaceConfigTests
{
    private const string Modern = """{"dtype": "bfloat16", "max_position_embeddings": 4096, "rope_parameters": {"rope_type": "linear", "factor": 4.0, "rope_theta": 5000.0}}""";
    private const string Older = """{"torch_dtype": "bfloat16", "max_position_embeddings": 4096, "rope_theta": 5000.0, "rope_scaling": {"type": "linear", "factor": 4.0}}""";

    public static TheoryData<string> Models() => [.. Directory.GetDirectories(Fixtures.Model("")).Select(d => Path.GetFileName(d))];

    [Theory]
    [MemberData(nameof(Models))]
    public void Both_key_layouts_of_a_model_read_the_same(string model)
    {
        var modern = HuggingFaceConfig.Open(Fixtures.Model(model));
        var older = HuggingFaceConfig.Read(Path.Combine(Fixtures.Model(model), "config.v4.json"));
        foreach (var (a, b) in Rotaries(modern).Zip(Rotaries(older)))
        {
            Assert.Equal(a.ShortFactor, b.ShortFactor);
            Assert.Equal(a.LongFactor, b.LongFactor);
            Assert.Equal(a with { Source = "", ShortFactor = [], LongFactor = [] }, b with { Source = "", ShortFactor = [], LongFactor = [] });
        }

        Assert.Equal(modern.DType, older.DType);
        Assert.Equal(modern.ModelType, older.ModelType);
        Assert.Equal([2], GenerationConfig.Open(Fixtures.Model(model), modern).EosTokenIds);
    }

    [Theory]
    [InlineData(Modern)]
    [InlineData(Older)]
    public void Overrides_of_rope_scaling_keep_the_base_in_both_layouts(string json)
    {
        var config = HuggingFaceConfig.Parse(json, "config.json");
        Assert.Equal((RopeType.Linear, 5000, 4), (config.Rope().Type, config.Rope().Theta, config.Rope().Factor));
        var changed = config.WithOverrides(new Dictionary<string, object?>
        {
            ["rope_scaling"] = new Dictionary<string, object?> { ["type"] = "yarn", ["factor"] = 2 },
            ["max_position_embeddings"] = 8192,
        });
        Assert.Equal((RopeType.Yarn, 5000, 2), (changed.Rope().Type, changed.Rope().Theta, changed.Rope().Factor));
        Assert.Equal(8192, changed.Size("max_position_embeddings"));
        Assert.Equal(RopeType.Default, config.WithOverrides(new Dictionary<string, object?> { ["rope_scaling"] = null }).Rope().Type);
        Assert.Equal((RopeType.Linear, 9), Pair(config.WithOverrides(new Dictionary<string, object?> { ["rope_theta"] = 9 }).Rope()));
        Assert.Equal(4096, config.Size("max_position_embeddings"));

        static (RopeType, double) Pair(RopeParameters rope) => (rope.Type, rope.Theta);
    }

    [Theory]
    [InlineData("""{"rope_theta": 1000000, "rope_local_base_freq": 5000, "rope_scaling": {"rope_type": "linear", "factor": 8}}""")]
    [InlineData("""{"rope_parameters": {"sliding_attention": {"rope_type": "default", "rope_theta": 5000}, "full_attention": {"rope_type": "default", "rope_theta": 1000000}}}""")]
    public void Overrides_of_rope_scaling_mean_the_layers_that_see_everything(string json)
    {
        var scaling = new Dictionary<string, object?> { ["rope_type"] = "yarn", ["factor"] = 4 };
        var config = HuggingFaceConfig.Parse(json, "c").WithOverrides(new Dictionary<string, object?> { ["rope_scaling"] = scaling });
        Assert.Equal((RopeType.Default, 5000), (config.Rope("sliding_attention").Type, config.Rope("sliding_attention").Theta));
        Assert.Equal((RopeType.Yarn, 1000000, 4), (config.Rope("full_attention").Type, config.Rope("full_attention").Theta, config.Rope("full_attention").Factor));
        Assert.Equal("c with overrides_of_model_config", config.Source);
    }

    [Fact]
    public void Null_switches_a_number_off_and_absence_means_the_default()
    {
        var config = HuggingFaceConfig.Parse("""{"a": null, "b": 3}""", "c");
        Assert.Equal([0, 3, 7], new[] { "a", "b", "none" }.Select(k => config.IntegerOrOff(k, 7)));
        Assert.Equal([0, 3, 0.5], new[] { "a", "b", "none" }.Select(k => config.NumberOrOff(k, 0.5)));
        Assert.Equal(7, config.Integer("a", 7));
    }

    [Fact]
    public void The_first_release_of_Phi_3_called_its_scaling_yarn()
        => Assert.Equal(RopeType.LongRope, HuggingFaceConfig.Parse("""{"rope_scaling": {"type": "yarn", "short_factor": [1], "long_factor": [2]}}""", "c").Rope().Type);

    [Fact]
    public void Layers_may_have_rotary_settings_of_their_own()
    {
        var older = HuggingFaceConfig.Parse("""{"rope_theta": 1000000, "rope_local_base_freq": 10000, "rope_scaling": {"rope_type": "linear", "factor": 8}}""", "c");
        var modern = HuggingFaceConfig.Parse("""
            {"rope_parameters": {"sliding_attention": {"rope_type": "default", "rope_theta": 10000},
                                 "full_attention": {"rope_type": "linear", "factor": 8, "rope_theta": 1000000}}}
            """, "c");
        foreach (var config in new[] { older, modern })
        {
            Assert.Equal((RopeType.Default, 10000), (config.Rope("sliding_attention").Type, config.Rope("sliding_attention").Theta));
            Assert.Equal((RopeType.Linear, 1000000), (config.Rope("full_attention").Type, config.Rope("full_attention").Theta));
        }
    }

    [Fact]
    public void Saving_keeps_every_key_and_its_order()
    {
        var config = HuggingFaceConfig.Parse("""{"b": 1.0, "unknown": {"x": [1, 2.50, "é<"]}, "a": null}""", "config.json");
        Assert.Equal("""
            {
              "b": 1.0,
              "unknown": {
                "x": [
                  1,
                  2.50,
                  "é<"
                ]
              },
              "a": "new"
            }

            """, config.With("a", "new").ToJson());
    }

    [Theory]
    [InlineData("""{"hidden_size": "big"}""", "config.json: 'hidden_size' must be a whole number, but it is \"big\". Correct the file.")]
    [InlineData("""{"hidden_size": 2.5}""", "config.json: 'hidden_size' must be a whole number, but it is 2.5. Correct the file.")]
    [InlineData("""{"hidden_size": -4}""", "config.json: 'hidden_size' must be a whole number of at least 1, but it is -4. Correct the file.")]
    [InlineData("{}", "config.json: the key 'hidden_size' is missing, which a model of this kind needs. Add it, or download the model again.")]
    [InlineData("[1]", "config.json must hold a JSON object. Download the model again.")]
    [InlineData("{\n\"a\": 1,\n\"a\": 2}", "config.json: a key is given twice. Correct the file or download the model again.")]
    [InlineData("{\n\"a\": 1,\n\"b\" 2}", "config.json: line 3, column 5: not valid JSON. Correct the file or download the model again.")]
    public void A_wrong_value_names_the_file_and_the_key(string json, string expected)
        => Assert.Equal(expected, Assert.Throws<InputException>(() => HuggingFaceConfig.Parse(json, "config.json").Size("hidden_size")).Message);

    [Theory]
    [InlineData("""{"rope_scaling": {"type": "zigzag"}}""", "c: 'rope_scaling.type' must be one of default, linear, dynamic, yarn, llama3 and longrope, but it is \"zigzag\". Correct the file.")]
    [InlineData("""{"rope_scaling": {"type": "linear"}}""", "c: 'rope_scaling.factor' is missing, which rotary scaling of type linear needs. Add it.")]
    [InlineData("""{"rope_parameters": 3}""", "c: 'rope_parameters' must be an object, but it is 3. Correct the file.")]
    public void Wrong_rotary_settings_name_the_key(string json, string expected)
        => Assert.Equal(expected, Assert.Throws<InputException>(() => HuggingFaceConfig.Parse(json, "c").Rope()).Message);

    [Fact]
    public void A_missing_folder_says_what_a_model_folder_holds()
        => Assert.Equal("There is no model folder '/nowhere'. Give a folder with config.json, the weights (*.safetensors) and the tokenizer.",
            Assert.Throws<InputException>(() => HuggingFaceConfig.Open("/nowhere")).Message);

    [Theory]
    [InlineData("""{"dtype": "float16"}""", ScalarType.Float16)]
    [InlineData("""{"torch_dtype": "bfloat16"}""", ScalarType.BFloat16)]
    [InlineData("""{"dtype": null}""", null)]
    public void The_dtype_has_two_spellings(string json, ScalarType? expected) => Assert.Equal(expected, HuggingFaceConfig.Parse(json, "c").DType);

    private static IEnumerable<RopeParameters> Rotaries(HuggingFaceConfig config)
        => ModelFamilies.All.Any(f => f.ModelType == config.ModelType) ? ModelFamilies.Of(config).Describe(config).Rotaries.Select(r => r.Rope) : [config.Rope()];
}

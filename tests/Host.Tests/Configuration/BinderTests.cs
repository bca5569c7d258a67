namespace Neoteny.Host.Tests.Configuration;

public sealed class BinderTests
{
    [Fact]
    public void Absent_keys_keep_the_defaults_of_the_record()
    {
        Assert.Equivalent(new ModelOptions { BaseModel = "model" }, Bind("sequence_len:"));
    }

    [Theory]
    [InlineData("1_024", 1024)]
    [InlineData("2e3", 2000)]
    [InlineData("+8", 8)]
    public void Whole_numbers_are_read_in_every_common_notation(string text, int value) =>
        Assert.Equal(value, Bind($"sequence_len: {text}").SequenceLength);

    [Theory]
    [InlineData("1e-4", 1e-4)]
    [InlineData("0.000_1", 1e-4)]
    [InlineData("1", 1)]
    [InlineData(".5", 0.5)]
    public void Numbers_are_read_in_every_common_notation(string text, double value) =>
        Assert.Equal(value, Bind($"learning_rate: {text}").LearningRate);

    [Theory]
    [InlineData("true", true)]
    [InlineData("Yes", true)]
    [InlineData("on", true)]
    [InlineData("no", false)]
    [InlineData("FALSE", false)]
    public void Booleans_are_read_as_YAML_1_1_writes_them(string text, bool value) =>
        Assert.Equal(value, Bind($"sample_packing: {text}").SamplePacking);

    [Theory]
    [InlineData("auto", Precision.Auto)]
    [InlineData("yes", Precision.True)]
    [InlineData("very_low", Precision.VeryLow)]
    public void Enumerations_are_written_in_snake_case_and_boolean_members_as_booleans(string text, object value) =>
        Assert.Equal(value, Bind($"bf16: {text}").Bf16);

    [Fact]
    public void A_single_value_is_a_list_of_one() => Assert.Equal(["q_proj"], Bind("lora_target_modules: q_proj").TargetModules);

    [Fact]
    public void A_long_holds_what_an_int_cannot() => Assert.Equal(99999999999, Bind("seed: 99999999999").Seed);

    [Fact]
    public void Free_values_have_the_types_that_their_writing_suggests()
    {
        var overrides = Bind("model_overrides: { size: 16, factor: 1e-2, text: yarn, quoted: '8', on: true, off: null, list: [1, x], map: { a: 2.5 } }").ModelOverrides;

        Assert.Equal([16L, 0.01, "yarn", "8", true, null], new[] { "size", "factor", "text", "quoted", "on", "off" }.Select(k => overrides[k]));
        Assert.Equal([1L, "x"], Assert.IsType<List<object?>>(overrides["list"]));
        Assert.Equal(2.5, Assert.IsType<Dictionary<string, object?>>(overrides["map"])["a"]);
    }

    [Fact]
    public void A_nullable_number_is_bound() => Assert.Equal(7, Bind("max_steps: 7").MaxSteps);

    [Fact]
    public void Mappings_are_bound() =>
        Assert.Equal(new Dictionary<string, int> { ["q"] = 8, ["k"] = 4 }, Bind("lora_rank_pattern: {q: 8, k: 4}").RankPattern);

    [Fact]
    public void Nested_records_are_bound_with_their_older_spellings()
    {
        var datasets = Bind("datasets:\n  - path: a\n    kind: completion\n  - path: b\n    weight: 0.5").Datasets;

        Assert.Equal([new DatasetOptions { Path = "a", Type = "completion" }, new DatasetOptions { Path = "b", Weight = 0.5 }], datasets);
    }

    [Fact]
    public void A_mapping_is_a_list_of_one_record() => Assert.Equal("a", Assert.Single(Bind("datasets: {path: a}").Datasets).Path);

    [Fact]
    public void A_nested_record_is_bound() => Assert.Equal("<pad>", Bind("special_tokens:\n  pad_token: <pad>").SpecialTokens?.Pad);

    [Fact]
    public void A_text_stands_for_a_record_with_that_name() => Assert.Equal(new SpecialTokens { Name = "llama" }, Bind("special_tokens: llama").SpecialTokens);

    private static ModelOptions Bind(string yaml)
    {
        using var host = new TestHost();
        using var run = host.Open(yaml);
        return run.Options<ModelOptions>();
    }
}

using System.Text.Json.Nodes;

namespace Neoteny.Host.Tests.EndToEnd;

/// <summary>What a configuration says about the model itself: overrides of config.json, and the kernel that its layers need.</summary>
public sealed class ModelConfigurationTests(Workspace workspace) : IClassFixture<Workspace>
{
    private const string Gemma = "{ model_type: gemma2, sliding_window: 16, layer_types: [sliding_attention, full_attention] }";

    [Fact]
    public void Rotary_scaling_from_the_file_replaces_that_of_the_model_and_is_saved_with_it()
    {
        var scaling = "{ rope_scaling: { rope_type: linear, factor: 4 }, max_position_embeddings: 1024 }";
        NeotenyProgram.Run("train", workspace.Config("plain")).Succeeded();
        NeotenyProgram.Run("train", workspace.Config("scaled", ("overrides_of_model_config", scaling))).Succeeded();

        Assert.NotEqual(workspace.Losses("plain")[0], workspace.Losses("scaled")[0]);
        var saved = JsonNode.Parse(File.ReadAllText(workspace.At("scaled/config.json")))!;
        Assert.Equal(1024, saved["max_position_embeddings"]!.GetValue<int>());
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse("""{"rope_theta": 500000.0, "rope_type": "linear", "factor": 4}"""), saved["rope_parameters"]), saved["rope_parameters"]!.ToJsonString());
        NeotenyProgram.Run("generate", workspace.At("scaled"), "--prompt", "What", "--max-new-tokens", "2").Succeeded();
    }

    [Fact]
    public void An_override_that_no_model_reads_is_refused_at_its_place()
        => Train(("overrides_of_model_config", "{ rope_scalling: { rope_type: linear, factor: 4 } }")).Refused(2,
            $"{workspace.At("bad.yml")}:10:30: overrides_of_model_config: {workspace.Model} has no key 'rope_scalling' in config.json, and no model of its family reads one; "
            + "did you mean 'rope_scaling'?");

    [Fact]
    public void An_override_with_a_wrong_value_says_that_it_came_from_the_overrides()
        => Train(("overrides_of_model_config", "{ rope_scaling: { rope_type: yam, factor: 4 } }")).Refused(2,
            $"{workspace.Model}/config.json with overrides_of_model_config: 'rope_parameters.rope_type' must be one of default, linear, dynamic, yarn, llama3 and longrope, "
            + "but it is \"yam\". Correct the file.");

    [Fact]
    public void A_model_with_capped_scores_trains_with_eager_attention_and_says_why()
    {
        var run = NeotenyProgram.Run("train", workspace.Config("capped", ("reinit_weights", "true"), ("overrides_of_model_config", Gemma))).Succeeded();

        Assert.Contains("warning: attention: sdpa cannot run this model: it does not support Softcap. It runs with eager, which is slower and takes memory by the square of the "
            + "length.\n", run.Error);
        Assert.Equal(4, workspace.Losses("capped").Length);
    }

    [Fact]
    public void A_kernel_that_lacks_what_the_model_needs_is_refused_when_it_is_named()
        => Train(("reinit_weights", "true"), ("attn_implementation", "sdpa"), ("overrides_of_model_config", Gemma)).Refused(2,
            "sdpa (Sdpa 0.1.0) does not support Softcap, which this model needs. Leave attn_implementation out, write attn_implementation: eager, or name another kernel that "
            + "supports it.");

    private ProgramResult Train(params (string, string?)[] changes) => NeotenyProgram.Run("train", workspace.Config("bad", changes));
}

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
            "attn_implementation: sdpa cannot run this model on cpu in Float32: it does not support Softcap. Leave attn_implementation out, or write attn_implementation: eager or flex_attention.");

    [Fact]
    public void A_kernel_for_gpus_says_so_and_names_those_that_can_run_here()
        => Train(("reinit_weights", "true"), ("flash_attention", "true")).Refused(2,
            "attn_implementation: flash_attention_2 cannot run this model on cpu in Float32: it needs a CUDA device. Leave attn_implementation out, or write "
            + "attn_implementation: eager or flex_attention or sdpa.");

    [Fact]
    public void Two_kernels_are_an_error_that_names_both_places()
        => Train(("flash_attention", "true"), ("sdp_attention", "true")).Refused(2,
            $"{workspace.At("bad.yml")}:11:16: sdp_attention: cannot be combined with flash_attention ({workspace.At("bad.yml")}:10:18): a run has one attention kernel. Write "
            + "attn_implementation: flash_attention_2 or sdpa.");

    private ProgramResult Train(params (string, string?)[] changes) => NeotenyProgram.Run("train", workspace.Config("bad", changes));
}

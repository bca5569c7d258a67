namespace Neoteny.Host.Tests.EndToEnd;

/// <summary>What a run would do, said before it does.</summary>
public sealed class PlanTests(Workspace workspace) : IClassFixture<Workspace>
{
    private static readonly string Fixtures = Path.Combine(AppContext.BaseDirectory, "fixture-plugins");

    [Fact]
    public void A_plan_names_plugins_versions_modules_and_what_trains()
    {
        var plan = NeotenyProgram.Run("plan", workspace.Config("plan", [.. Workspace.Lora, ("plugins", "[FirstClaim]"), ("lora_target_linear", null), ("lora_target_modules", "[q_proj, v_proj]")]), "--plugin-dir", Fixtures).Succeeded();

        var lines = plan.Output.TrimEnd('\n').Split('\n');
        Assert.Equal($"plugin: FirstClaim 1.0.0, named under 'plugins' ({Fixtures}/FirstClaim/1.0.0)", lines[0]);
        Assert.StartsWith("plugin: Lora 0.1.0, 'lora_r' is its key (", lines[1]);
        Assert.StartsWith("plugin: Sdpa 0.1.0, it provides attention 'sdpa' (", lines[2]);
        Assert.StartsWith("plugin: CrossEntropy 0.1.0, it provides loss 'cross_entropy' (", lines[3]);
        Assert.Matches($"^model: {workspace.Model}: 2 layers, [\\d,]+ parameters, Float32 on cpu$", lines[4]);
        Assert.Matches("^adapt: lora \\(Lora 0\\.1\\.0\\) at model\\.layers\\.\\{0,1\\}\\.self_attn\\.\\{q_proj,v_proj\\}: rank 4, [\\d,]+ parameters$", lines[5]);
        Assert.Equal("attention: sdpa (Sdpa 0.1.0): auto, the first choice for Float32 on cpu", lines[6]);
        Assert.Equal("loss: cross_entropy (CrossEntropy 0.1.0)", lines[7]);
        Assert.Equal("override: first_norm (FirstClaim 1.0.0) at model.layers.{0,1}.{input_layernorm,post_attention_layernorm}, model.norm", lines[8]);
        Assert.Matches("^trains: [\\d,]+ of [\\d,]+ parameters$", lines[9]);
        Assert.Equal(10, lines.Length);
        Assert.Equal("", plan.Error);
    }

    [Fact]
    public void A_run_begins_with_the_lines_of_its_plan_and_a_plan_needs_no_weights()
    {
        var config = workspace.Config("both", [.. Workspace.Lora, ("max_steps", "1")]);
        var trained = NeotenyProgram.Run("train", config).Succeeded();
        var bare = workspace.CopyModel("bare");
        File.Delete(Path.Combine(bare, "model.safetensors"));

        var plan = NeotenyProgram.Run("plan", workspace.Config("bare-plan", [.. Workspace.Lora, ("base_model", bare)])).Succeeded();

        var composition = plan.Output.TrimEnd('\n').Split('\n').Where(l => !l.StartsWith("plugin:", StringComparison.Ordinal) && !l.StartsWith("model:", StringComparison.Ordinal)).ToList();
        Assert.Equal(4, composition.Count);
        Assert.All(composition, line => Assert.Contains(line, trained.Error.Split('\n')));
    }

    [Theory]
    [InlineData("plan")]
    [InlineData("train")]
    public void Two_plugins_that_claim_one_module_are_an_error_that_names_both(string command)
    {
        var config = workspace.Config($"claims-{command}", ("plugins", "[FirstClaim, SecondClaim]"));

        NeotenyProgram.Run(command, config, "--plugin-dir", Fixtures).Refused(2,
            "first_norm (FirstClaim 1.0.0) and second_norm (SecondClaim 1.0.0) both want to replace model.layers.0.input_layernorm. Switch one of them off in the configuration.");
    }

    [Theory]
    [InlineData("", "loss: keyed_loss (Keyed 1.0.0): keyed is on by default")]
    [InlineData("keyed_second: true", "loss: keyed_second_loss (Keyed 1.0.0): keyed_second is on")]
    [InlineData("loss: cross_entropy", "loss: cross_entropy (CrossEntropy 0.1.0)")]
    [InlineData("keyed: false\nkeyed_norms: true", "loss: cross_entropy (CrossEntropy 0.1.0)\noverride: keyed_norm (Keyed 1.0.0) at model.norm\nwrap: keyed_sleeve (Keyed 1.0.0) at model.norm")]
    public void A_plan_lists_the_losses_and_modules_that_keys_activate_and_no_others(string keys, string entries)
    {
        var config = workspace.Config("keyed", [("plugins", "[Keyed]"), .. keys.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(k => (k.Split(": ")[0], (string?)k.Split(": ")[1]))]);

        var lines = NeotenyProgram.Run("plan", config, "--plugin-dir", Fixtures).Succeeded().Output.Split('\n');

        Assert.Equal(entries.Split('\n'), lines.Where(l => l.Split(':')[0] is "loss" or "override" or "wrap" or "note"));
    }

    [Theory]
    [InlineData("quantize", "first_format (Contending 1.0.0) and second_format (Contending 1.0.0) both want to quantize model.norm. Switch one of them off in the configuration.")]
    [InlineData("store", "first_store (Contending 1.0.0) and second_store (Contending 1.0.0) both want to store activations. Switch one of them off in the configuration.")]
    [InlineData("move", "first_store (Contending 1.0.0) and second_store (Contending 1.0.0) both want to move model.norm.weight. Switch one of them off in the configuration.")]
    public void Two_that_want_to_quantize_store_or_move_the_same_are_an_error_that_names_both(string what, string message) =>
        NeotenyProgram.Run("plan", workspace.Config($"contending-{what}", ("contending", what)), "--plugin-dir", Fixtures).Refused(2, message);

    [Fact]
    public void A_plugin_that_fails_in_the_middle_of_a_run_is_named()
    {
        var config = workspace.Config("native", ("loss", "native_loss"));

        NeotenyProgram.Run("train", config, "--plugin-dir", Fixtures).Refused(1,
            "The plugin NativeLoss 1.0.0 failed: the native library 'no_such_library' is missing or does not load; install it, or a version of the plugin that brings it\n"
            + "Take it out of the configuration, or install another version; --verbose shows where it failed.");
    }
}

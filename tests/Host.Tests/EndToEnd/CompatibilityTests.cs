namespace Neoteny.Host.Tests.EndToEnd;

/// <summary>Plugins that were built against contracts in which losses and attention had no optional semantics.</summary>
public sealed class CompatibilityTests(Workspace workspace) : IClassFixture<Workspace>
{
    private static readonly string _fixtures = Path.Combine(AppContext.BaseDirectory, "fixture-plugins");

    [Fact]
    public void An_older_loss_computes_what_it_always_computed()
    {
        NeotenyProgram.Run("train", workspace.Config("now", ("max_steps", "3"))).Succeeded();
        NeotenyProgram.Run("train", workspace.Config("older", ("max_steps", "3"), ("loss", "older_loss")), "--plugin-dir", _fixtures).Succeeded();

        var pairs = workspace.Losses("older").Zip(workspace.Losses("now")).ToList();
        Assert.Equal(3, pairs.Count);
        Assert.All(pairs, pair => Assert.InRange(pair.First - pair.Second, -1e-4, 1e-4));
    }

    [Fact]
    public void An_older_loss_is_refused_by_name_for_a_model_whose_softcap_it_would_ignore()
    {
        var gemma = workspace.CopyModel("gemma");
        File.Copy(Workspace.Fixture("models/gemma2/config.json"), Path.Combine(gemma, "config.json"), overwrite: true);

        NeotenyProgram.Run("plan", workspace.Config("softcap", ("base_model", gemma), ("loss", "older_loss")), "--plugin-dir", _fixtures).Refused(2,
            "older_loss (OlderLoss 1.0.0) does not support Softcap, which this model needs. Choose another one, or a newer version of the plugin.");
        Assert.Contains("loss: cross_entropy (CrossEntropy 0.1.0)", NeotenyProgram.Run("plan", workspace.Config("softcap-now", ("base_model", gemma))).Succeeded().Output);
    }

    [Fact]
    public void An_older_attention_kernel_computes_what_it_always_computed()
    {
        NeotenyProgram.Run("train", workspace.Config("attention-now", ("max_steps", "3"))).Succeeded();
        NeotenyProgram.Run("train", workspace.Config("attention-older", ("max_steps", "3"), ("attn_implementation", "older_attention")), "--plugin-dir", _fixtures).Succeeded();

        var pairs = workspace.Losses("attention-older").Zip(workspace.Losses("attention-now")).ToList();
        Assert.Equal(3, pairs.Count);
        Assert.All(pairs, pair => Assert.InRange(pair.First - pair.Second, -1e-4, 1e-4));
    }

    [Theory]
    [InlineData("gemma2", "Window, Softcap")]
    [InlineData("gpt_oss", "Window, Sinks")]
    public void An_older_attention_kernel_is_refused_by_name_for_a_model_whose_semantics_it_would_ignore(string family, string missing)
    {
        var model = workspace.CopyModel($"attention-{family}");
        File.Copy(Workspace.Fixture($"models/{family}/config.json"), Path.Combine(model, "config.json"), overwrite: true);

        var config = workspace.Config($"refused-{family}", ("base_model", model), ("attn_implementation", "older_attention"));
        NeotenyProgram.Run("plan", config, "--plugin-dir", _fixtures).Refused(2, $"attn_implementation: older_attention cannot run this model on cpu in Float32: "
            + $"it does not support {missing}. Leave attn_implementation out, or write attn_implementation: ");
    }
}

using Neoteny.Host.Configuration;
using Neoteny.Host.Plugins;
using Neoteny.Host.Tests.EndToEnd;

namespace Neoteny.Host.Tests.Plugins;

/// <summary>What <c>plugins list --config</c> finds out by loading what a file asks for.</summary>
public sealed class PluginTrialTests(Workspace workspace) : IClassFixture<Workspace>
{
    private static string Fixtures => Path.Combine(AppContext.BaseDirectory, "fixture-plugins");

    [Fact]
    public void Plugins_that_fail_are_faulty_with_the_reason_and_the_others_are_active()
    {
        using var host = new TestHost("Throwing/1.0.0", "Native/1.0.0", "Registering/1.0.0", "Greeter/1.0.0", "Greeter/1.2.0", "Parting/1.0.0");

        Assert.Equal(
            [
                ("Greeter", "1.2.0", PluginStatus.Available, null),
                ("Greeter", "1.0.0", PluginStatus.Active, null),
                ("Native", "1.0.0", PluginStatus.Faulty, "creating greeting 'native' failed: the native library 'no_such_library' is missing or does not load; install it, or a version of the plugin that brings it"),
                ("Parting", "1.0.0", PluginStatus.Available, null),
                ("Registering", "1.0.0", PluginStatus.Faulty, "OwnException: registration is closed"),
                ("Throwing", "1.0.0", PluginStatus.Faulty, "creating greeting 'throwing' failed: InvalidOperationException: no voice"),
            ],
            Try(host, "plugins: [Throwing, Native, Registering, Greeter@1.0.0]").List().Select(p => (p.Id, p.Version, p.Status, p.Reason)));
    }

    [Theory]
    [InlineData("plugins: [Greeter, Rival]", "Greeter 1.0.0 and Rival 1.0.0 both provide greeting 'hello'; use only one of them in a run")]
    [InlineData("plugins: [Keyed, KeyedToo]", "run.yml: keyed of Keyed 1.0.0 is on by default, and keyed_too of KeyedToo 1.0.0 is on by default, and a run has one loss. Write loss: keyed_loss or loss: keyed_too_loss.")]
    [InlineData("plugins: [Overlapping]", "run.yml: missing key 'overlapping_depth' (How deep)")]
    [InlineData("greeter_times: 9", "run.yml:1:16: greeter_times: must be from 1 to 3, not 9")]
    [InlineData("plugins: [Nobody]", "run.yml:1:11: plugins: the plugin 'Nobody' is not installed; installed: Greeter, Keyed, KeyedToo, Overlapping, Rival; another one is installed with: neoteny plugins install Nobody (searched {0})")]
    public void A_file_that_contradicts_itself_is_refused(string yaml, string message)
    {
        using var host = new TestHost("Greeter/1.0.0", "Rival/1.0.0", "Keyed/1.0.0", "KeyedToo/1.0.0", "Overlapping/1.0.0");

        Assert.Equal(string.Format(message, host.PluginFolder), Assert.Throws<InputException>(() => Try(host, yaml)).Message);
    }

    [Fact]
    public void The_list_shows_the_loss_of_a_file_as_active_and_says_who_knows_the_attention_kernel()
    {
        var config = workspace.Config("listed", ("plugins", "[Guarded]"));

        var lines = NeotenyProgram.Run("plugins", "list", "--config", config, "--plugin-dir", Fixtures).Succeeded().Output.TrimEnd('\n').Split('\n');

        Assert.Contains(lines, l => l.StartsWith("CrossEntropy ", StringComparison.Ordinal) && l.Contains(" active "));
        Assert.Contains(lines, l => l.StartsWith("Sdpa ", StringComparison.Ordinal) && l.Contains(" available "));
        var faulty = Array.FindIndex(lines, l => l.StartsWith("Guarded ", StringComparison.Ordinal));
        Assert.Contains(" faulty ", lines[faulty]);
        Assert.Equal("  creating module 'guarded' failed: InvalidOperationException: code of the plugin ran", lines[faulty + 1]);
        Assert.Equal($"The attention kernel is chosen when the model is known: 'neoteny plan {config}' says which one.", lines[^1]);
    }

    [Fact]
    public void The_list_shows_what_keys_and_names_ask_for_as_active()
    {
        var config = workspace.Config("listed-keyed", ("attn_implementation", "eager"), ("keyed", "true"));

        var output = NeotenyProgram.Run("plugins", "list", "--config", config, "--plugin-dir", Fixtures).Succeeded().Output;

        var active = output.Split('\n').Where(l => l.Contains(" active ")).Select(l => l.Split(' ')[0]);
        Assert.Equal(["Keyed", "Sdpa"], active);
        Assert.DoesNotContain("The attention kernel", output);
    }

    private static PluginCatalog Try(TestHost host, string yaml)
    {
        var catalog = host.Setup.Discover();
        PluginTrial.Run(catalog, RunFile.Parse(yaml), host.Setup, host.Log);
        return catalog;
    }
}

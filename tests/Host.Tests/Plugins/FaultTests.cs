using Neoteny.Fixture;
using Neoteny.Host.Plugins;

namespace Neoteny.Host.Tests.Plugins;

public sealed class FaultTests
{
    [Fact]
    public void A_constructor_that_throws_makes_the_plugin_faulty()
    {
        using var host = new TestHost("Throwing/1.0.0");
        using var run = host.Open("plugins: [Throwing]");

        var error = Assert.Throws<NeotenyException>(run.Plugins.CreateExtensions);

        Assert.Equal("The plugin Throwing 1.0.0 cannot be used: creating greeting 'throwing' failed: InvalidOperationException: no voice", error.Message);
        Assert.Equal(1, error.ExitCode);
        Assert.Equal(PluginStatus.Faulty, run.Catalog.List().Single().Status);
    }

    [Fact]
    public void A_registration_that_throws_makes_the_plugin_faulty()
    {
        using var host = new TestHost("Registering/1.0.0");

        Assert.Equal("The plugin Registering 1.0.0 cannot be used: OwnException: registration is closed", host.Refuse("plugins: [Registering]"));
    }

    [Fact]
    public void A_native_library_that_is_missing_makes_the_plugin_faulty()
    {
        using var host = new TestHost("Native/1.0.0");
        using var run = host.Open("plugins: [Native]");

        var error = Assert.Throws<NeotenyException>(run.Plugins.CreateExtensions);

        Assert.Equal(
            "The plugin Native 1.0.0 cannot be used: creating greeting 'native' failed: the native library 'no_such_library' is missing or does not load; "
            + "install it, or a version of the plugin that brings it",
            error.Message);
        Assert.Equal(PluginStatus.Faulty, run.Catalog.List().Single().Status);
    }

    [Fact]
    public void A_faulty_plugin_leaves_the_others_working()
    {
        using var host = new TestHost("Throwing/1.0.0", "Greeter/1.0.0");
        using var run = host.Open("plugins: [Throwing, Greeter]");

        Assert.Throws<NeotenyException>(() => run.Plugins.Get<IGreeting>("throwing"));

        Assert.StartsWith("hello", run.Plugins.Get<IGreeting>("hello").Greet());
        Assert.Equal([("Greeter", PluginStatus.Active), ("Throwing", PluginStatus.Faulty)], run.Catalog.List().Select(p => (p.Id, p.Status)));
    }

    [Theory]
    [InlineData("Dependent", "run.yml:1:11: plugins: Dependent 1.0.0 cannot be used: it needs the assembly Words 1.0.0, which is neither in its folder nor shared by the host")]
    [InlineData("NextMajor", "run.yml:1:11: plugins: NextMajor 1.0.0 cannot be used: it is built for Neoteny.Abstractions 9.0 and this host has 0.1; install a version of the plugin that is built for 0.1")]
    public void A_named_plugin_that_cannot_work_stops_the_run_with_its_reason(string plugin, string message)
    {
        using var host = new TestHost($"{plugin}/1.0.0");

        Assert.Equal(message, host.Refuse($"plugins: [{plugin}]"));
    }

    [Fact]
    public void A_key_of_a_plugin_that_cannot_work_says_so()
    {
        using var host = new TestHost("Unbindable/1.0.0");

        Assert.Equal(
            "run.yml:1:1: 'unbindable_when' belongs to Unbindable 1.0.0, which cannot be used: Neoteny.Plugins.Unbindable.UnbindableOptions.When cannot bind a key: its type is System.DateTime",
            host.Refuse("unbindable_when: now"));
    }

    [Fact]
    public void Two_active_plugins_that_provide_one_name_are_refused()
    {
        using var host = new TestHost("Greeter/1.0.0", "Rival/1.0.0");

        Assert.Equal("Greeter 1.0.0 and Rival 1.0.0 both provide greeting 'hello'; use only one of them in a run", host.Refuse("plugins: [Greeter, Rival]"));
    }

    [Fact]
    public void A_name_that_two_installed_plugins_provide_must_be_decided()
    {
        using var host = new TestHost("Greeter/1.0.0", "Rival/1.0.0");
        using var run = host.Open("");

        var error = Assert.Throws<InputException>(() => run.Plugins.Get<IGreeting>("hello", "greeting"));

        Assert.Equal("greeting: Greeter 1.0.0 and Rival 1.0.0 both provide greeting 'hello'; name the one you mean under 'plugins'", error.Message);
        Assert.Equal("hello from the rival (words 2)", run.Plugins.Get<IGreeting>("rival").Greet());
    }

    [Fact]
    public void A_name_that_nothing_provides_lists_what_is_there()
    {
        using var host = new TestHost("Greeter/1.0.0", "Rival/1.0.0");
        using var run = host.Open("");

        var error = Assert.Throws<InputException>(() => run.Plugins.Get<IGreeting>("hallo", "greeting"));

        Assert.Equal("greeting: no installed plugin provides greeting 'hallo'; installed: hello, hi, rival", error.Message);
    }

    [Fact]
    public void A_name_that_only_another_version_provides_names_both_versions()
    {
        using var host = new TestHost("Steady/1.5.0", "Steady/1.7.0");
        using var run = host.Open("plugins: ['Steady@1.5.0']");

        var error = Assert.Throws<InputException>(() => run.Plugins.Get<Losses.ILoss>("steady_loss", "loss"));

        Assert.Equal("loss: Steady 1.5.0 does not provide loss 'steady_loss', and Steady 1.7.0 does; name that version under 'plugins'", error.Message);
        Assert.Equal("Steady 1.5.0", run.Plugins.Plugins.Single().Manifest.ToString());
    }

    [Fact]
    public void A_backend_key_names_what_is_installed()
    {
        using var host = new TestHost("Greeter/1.0.0");

        Assert.Equal(
            "run.yml:1:22: attn_implementation: no installed plugin provides attention 'flash'; installed: none",
            host.Refuse("attn_implementation: flash"));
    }

    [Fact]
    public void A_key_that_two_plugins_own_belongs_to_the_one_that_the_file_names()
    {
        using var host = new TestHost("Greeter/1.0.0", "Overlapping/1.0.0");

        Assert.Equal(
            "run.yml:1:1: 'greeter_name' belongs to Greeter 1.0.0 and to Overlapping 1.0.0; name the one you mean under 'plugins'",
            host.Refuse("greeter_name: x"));
        using var run = host.Open("greeter_name: x\noverlapping_depth: 3\nplugins: [Overlapping]");
        Assert.Equal("Overlapping", run.Plugins.Plugins.Single().Manifest.Id);
    }

    [Theory]
    [InlineData("", "run.yml: missing key 'needy_what' (What it needs)")]
    [InlineData("sequence_len: 8", "run.yml: missing key 'needy_what' (What it needs)\nrun.yml:1:15: sequence_len: must be at least 64 for Needy")]
    public void Demands_of_a_plugin_that_is_loaded_for_its_name_are_made_when_it_is_loaded(string yaml, string message)
    {
        using var host = new TestHost("Needy/1.0.0", "Greeter/1.0.0");
        using var run = host.Open(yaml);

        // Twice: what was refused is not there the second time either.
        for (var i = 0; i < 2; i++)
        {
            Assert.Equal(message, Assert.Throws<InputException>(() => run.Plugins.Get<IGreeting>("needy")).Message);
            Assert.Empty(run.Plugins.Plugins);
            Assert.Equal(PluginStatus.Available, run.Catalog.OfId("Needy").Single().Status);
        }

        Assert.StartsWith("hello", run.Plugins.Get<IGreeting>("hello").Greet());
    }

    [Fact]
    public void What_a_plugin_that_is_loaded_for_its_name_warns_of_is_logged()
    {
        using var host = new TestHost("Needy/1.0.0");
        using var run = host.Open("sequence_len: 100");

        Assert.Throws<InputException>(() => run.Plugins.Get<IGreeting>("needy"));

        Assert.Equal(["Information: Plugin Needy 1.0.0: it provides greeting 'needy'", "Warning: run.yml:1:15: sequence_len: Needy likes 128"], host.Log.Lines);
    }

    [Fact]
    public void A_required_key_of_a_plugin_is_required_only_when_the_plugin_is_used()
    {
        using var host = new TestHost("Overlapping/1.0.0");

        Assert.Equal("run.yml: missing key 'overlapping_depth' (How deep)", host.Refuse("plugins: [Overlapping]"));
        using var run = host.Open("");
        Assert.Empty(run.Plugins.Plugins);
    }
}

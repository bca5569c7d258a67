using Neoteny.Host.Plugins;

namespace Neoteny.Host.Tests.Plugins;

/// <summary>What a plugin may say of its keys that activate losses and modules.</summary>
public sealed class ActivatingKeyTests : IDisposable
{
    private readonly TestHost host = new("Keyed/1.0.0");

    [Theory]
    [InlineData(typeof(string), new[] { "one" }, "its key 'switch' activates something and is not boolean")]
    [InlineData(typeof(bool), new[] { "one", "three" }, "its key 'switch' activates 'three', which is no loss or module that it provides")]
    [InlineData(typeof(bool), new[] { "one", "two" }, "its key 'switch' activates the losses 'one' and 'two', and a run has one")]
    public void A_key_that_cannot_activate_what_it_says_makes_the_plugin_faulty(Type type, string[] activates, string reason)
    {
        EmittedPlugin.Write(Path.Combine(host.PluginFolder, "Emitted/1.0.0"), type, activates);

        var plugin = host.Find("Emitted/1.0.0");

        Assert.Equal((PluginStatus.Faulty, reason), (plugin.Status, plugin.Reason));
    }

    [Fact]
    public void A_nested_key_activates_nothing()
    {
        EmittedPlugin.Write(Path.Combine(host.PluginFolder, "Emitted/1.0.0"), typeof(bool), ["one"], isNested: true);

        Assert.Equal("its key 'switch' activates something and is nested in another key", host.Find("Emitted/1.0.0").Reason);
    }

    [Theory]
    [InlineData(typeof(bool))]
    [InlineData(typeof(bool?))]
    public void A_boolean_key_activates_what_the_plugin_provides(Type type)
    {
        EmittedPlugin.Write(Path.Combine(host.PluginFolder, "Emitted/1.0.0"), type, ["two"]);

        var plugin = host.Find("Emitted/1.0.0");

        Assert.Equal((PluginStatus.Available, null), (plugin.Status, plugin.Reason));
        Assert.Equal(["two"], plugin.Manifest!.Keys.Single().Activates);
    }

    [Theory]
    [InlineData("", "")]
    [InlineData("keyed_norms: true", "keyed_norm keyed_sleeve")]
    [InlineData("keyed_sleeve_alone: true", "keyed_sleeve")]
    [InlineData("keyed_norms: true\nkeyed_sleeve_alone: false", "keyed_norm keyed_sleeve")]
    public void A_module_takes_part_where_one_of_its_keys_is_true(string keys, string active)
    {
        using var run = host.Open($"plugins: [Keyed]\n{keys}");

        Assert.Equal(active, string.Join(' ', run.Plugins.Active<Modules.IModuleOverride>().Select(m => m.Name)));
        Assert.Equal(["keyed_norm", "keyed_wrong", "keyed_sleeve"], run.Plugins.All<Modules.IModuleOverride>().Select(m => m.Name));
    }

    public void Dispose() => host.Dispose();
}

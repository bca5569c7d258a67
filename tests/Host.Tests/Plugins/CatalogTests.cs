using Neoteny.Fixture;
using Neoteny.Host.Plugins;

namespace Neoteny.Host.Tests.Plugins;

public sealed class CatalogTests
{
    [Fact]
    public void A_manifest_is_read_without_loading_the_plugin()
    {
        using var host = new TestHost("Greeter/1.0.0");

        var plugin = host.Find("Greeter/1.0.0");

        Assert.Equal(PluginStatus.Available, plugin.Status);
        Assert.Equal("Greets", plugin.Manifest!.Summary);
        Assert.Equal(["greeting hello", "greeting hi"], plugin.Manifest.Provides.Select(p => $"{p.PointLabel} {p.Name}"));
        Assert.Equal(["greeter_name", "greeter_times", "greeter_mood", "greeter_languages"], plugin.Manifest.Keys.Select(k => k.Name));
        Assert.Equal("one of calm, very_loud", plugin.Manifest.Keys.Single(k => k.Name == "greeter_mood").Shape.Description);
        Assert.DoesNotContain(AppDomain.CurrentDomain.GetAssemblies(), a => a.GetName().Name == "Neoteny.Greeter" && a.Location.StartsWith(host.PluginFolder));
    }

    [Fact]
    public void No_code_of_a_plugin_runs_before_a_configuration_asks_for_it()
    {
        using var host = new TestHost("Guarded/1.0.0");

        Assert.Equal(PluginStatus.Available, host.Find("Guarded/1.0.0").Status);
        using (host.Open(""))
        {
        }

        // That the code would have been noticed is what the same plugin shows when it is asked for.
        using var run = host.Open("plugins: [Guarded]");
        var error = Assert.Throws<NeotenyException>(run.Plugins.CreateExtensions);
        Assert.Equal("The plugin Guarded 1.0.0 cannot be used: creating module 'guarded' failed: InvalidOperationException: code of the plugin ran", error.Message);
    }

    [Fact]
    public void A_plugin_of_an_older_minor_version_of_the_contracts_works()
    {
        using var host = new TestHost("OlderMinor/1.0.0");

        var plugin = host.Find("OlderMinor/1.0.0");
        using var run = host.Open("plugins: [OlderMinor]");

        Assert.Equal(("Neoteny.Abstractions", new Version(0, 0, 9, 0)), plugin.Manifest!.References.Single(r => r.Name == "Neoteny.Abstractions"));
        Assert.Equal(PluginStatus.Available, plugin.Status);
        Assert.Equal("hello from before", run.Plugins.Get<IGreeting>("older").Greet());
    }

    [Fact]
    public void The_highest_version_supersedes_the_others()
    {
        using var host = new TestHost("Greeter/1.0.0", "Greeter/1.2.0");

        Assert.Equal(PluginStatus.Available, host.Find("Greeter/1.2.0").Status);
        Assert.Equal((PluginStatus.Superseded, "1.2.0 is installed"), Standing(host.Find("Greeter/1.0.0")));
    }

    [Fact]
    public void The_same_version_in_a_later_folder_is_superseded()
    {
        using var first = new TestHost("Greeter/1.0.0");
        using var second = new TestHost("Greeter/1.0.0");
        var setup = second.Setup with { PluginFolders = [first.PluginFolder, second.PluginFolder] };

        var plugins = setup.Discover().List();

        Assert.Equal([PluginStatus.Available, PluginStatus.Superseded], plugins.Select(p => p.Status));
        Assert.Equal($"the same version is in {Path.Combine(first.PluginFolder, "Greeter/1.0.0")}", plugins[1].Reason);
    }

    [Theory]
    [InlineData("NextMajor/1.0.0", nameof(PluginStatus.Incompatible), "it is built for Neoteny.Abstractions 9.0 and this host has 0.1; install a version of the plugin that is built for 0.1")]
    [InlineData("NewerMembers/1.0.0", nameof(PluginStatus.Incompatible), "this host lacks what it uses: type Neoteny.Novelty, Neoteny.InputException.Answer : Int32, Neoteny.InputException.Describe(Int32, System.Collections.Generic.IReadOnlyList`1<String>) : String and 1 more; install a version of the plugin that is built for this host")]
    [InlineData("Nosy/1.0.0", nameof(PluginStatus.Incompatible), "it reads the key 'nobody_owns_this', which neither Neoteny nor an installed plugin owns")]
    [InlineData("Grasping/1.0.0", nameof(PluginStatus.Faulty), "it claims the key 'plugins', which Neoteny itself owns")]
    [InlineData("Unbindable/1.0.0", nameof(PluginStatus.Faulty), "Neoteny.Plugins.Unbindable.UnbindableOptions.When cannot bind a key: its type is System.DateTime")]
    [InlineData("Dependent/1.0.0", nameof(PluginStatus.Faulty), "it needs the assembly Words 1.0.0, which is neither in its folder nor shared by the host")]
    public void A_plugin_that_cannot_work_gets_a_status_and_a_reason(string plugin, string status, string reason)
    {
        using var host = new TestHost(plugin);

        Assert.Equal((Enum.Parse<PluginStatus>(status), reason), Standing(host.Find(plugin)));
    }

    [Fact]
    public void A_bad_image_is_faulty()
    {
        using var host = new TestHost("Greeter/1.0.0");
        File.WriteAllText(Path.Combine(host.PluginFolder, "Greeter/1.0.0/Neoteny.Greeter.dll"), "this is not an assembly");

        Assert.Equal((PluginStatus.Faulty, "Neoteny.Greeter.dll: the file is not a .NET assembly"), Standing(host.Find("Greeter/1.0.0")));
    }

    [Fact]
    public void A_folder_without_a_plugin_is_faulty_and_an_empty_one_is_nothing()
    {
        using var host = new TestHost("Greeter/1.0.0");
        Directory.CreateDirectory(Path.Combine(host.PluginFolder, "Empty/1.0.0"));
        var odd = Directory.CreateDirectory(Path.Combine(host.PluginFolder, "Odd/2.0.0")).FullName;
        File.Copy(Path.Combine(host.PluginFolder, "Greeter/1.0.0/Words.dll"), Path.Combine(odd, "Words.dll"));

        var plugins = host.Setup.Discover().List();

        Assert.Equal(["Greeter", "Odd"], plugins.Select(p => p.Id));
        Assert.Equal((PluginStatus.Faulty, "no assembly in the folder has an [assembly: Plugin] attribute"), Standing(plugins[1]));
    }

    private static (PluginStatus Status, string? Reason) Standing(InstalledPlugin plugin) => (plugin.Status, plugin.Reason);
}

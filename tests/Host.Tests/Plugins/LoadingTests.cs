using Neoteny.Fixture;
using Neoteny.Host.Plugins;

namespace Neoteny.Host.Tests.Plugins;

public sealed class LoadingTests
{
    [Fact]
    public void A_key_loads_the_plugin_that_owns_it_and_the_log_says_so()
    {
        using var host = new TestHost("Greeter/1.0.0", "Parting/1.0.0");

        using var run = host.Open("greeter_name: moon\nsequence_len: 64");

        Assert.Equal(["Information: Plugin Greeter 1.0.0: 'greeter_name' is its key"], host.Log.Lines);
        Assert.Equal("hello moon x1 Calm (words 1, 64)", run.Plugins.Get<IGreeting>("hello").Greet());
        Assert.Equal(PluginStatus.Active, run.Catalog.List()[0].Status);
    }

    [Fact]
    public void Options_of_every_shape_reach_the_plugin()
    {
        using var host = new TestHost("Greeter/1.0.0");

        using var run = host.Open("greeter_who: sun\ngreeter_times: 3\ngreeter_languages:\n  - code: de\n  - {code: fr, weight: 0.5}");

        Assert.Equal("hello sun x3 Calm de=1 fr=0.5 (words 1, )", run.Plugins.Get<IGreeting>("hello").Greet());
    }

    [Fact]
    public void The_plugin_logs_through_the_host()
    {
        using var host = new TestHost("Greeter/1.0.0");
        using var run = host.Open("plugins: Greeter");

        run.Plugins.Get<IGreeting>("hello").Greet();

        Assert.Equal(["Information: Plugin Greeter 1.0.0: named under 'plugins'", "Information: Greeting world"], host.Log.Lines);
    }

    [Fact]
    public void A_plugin_that_uses_what_can_crash_the_process_is_warned_of()
    {
        using var host = new TestHost("Hazardous/1.0.0", "Greeter/1.0.0");
        using var run = host.Open("plugins: [Hazardous, Greeter]");

        Assert.Equal(
            [
                "Information: Plugin Hazardous 1.0.0: named under 'plugins'",
                "Warning: Plugin Hazardous 1.0.0 uses what can crash the process: TorchSharp.Scalar.op_Implicit (use a cached Scalar: Scalars.Of(value)); TorchSharp.torch.Tensor.op_Addition (use add(x, Scalars.One)); TorchSharp.torch.Tensor.square (use x.mul(x))",
                "Information: Plugin Greeter 1.0.0: named under 'plugins'",
            ],
            host.Log.Lines);
    }

    [Fact]
    public void Several_names_of_a_class_are_one_instance()
    {
        using var host = new TestHost("Greeter/1.0.0");
        using var run = host.Open("plugins: [Greeter]");

        Assert.Same(run.Plugins.Get<IGreeting>("hello"), run.Plugins.Get<IGreeting>("hi"));
        Assert.Equal(["Greeter 1.0.0 hello", "Greeter 1.0.0 hi"], run.Plugins.All<IGreeting>().Select(e => $"{e.Plugin} {e.Version} {e.Name}"));
    }

    [Fact]
    public void Asking_for_a_name_loads_the_plugin_that_provides_it()
    {
        using var host = new TestHost("Parting/1.0.0");
        using var run = host.Open("");

        Assert.Empty(run.Plugins.Plugins);
        Assert.Equal("goodbye at noon (words 2)", run.Plugins.Get<IFarewell>("goodbye").Part());
        Assert.Equal(["Information: Plugin Parting 1.0.0: it provides farewell 'goodbye'"], host.Log.Lines);
    }

    [Fact]
    public void Two_plugins_use_different_versions_of_one_private_dependency()
    {
        using var host = new TestHost("Greeter/1.0.0", "Parting/1.0.0");
        using var run = host.Open("plugins: [Greeter, Parting]");

        Assert.Contains("words 1", run.Plugins.Get<IGreeting>("hello").Greet());
        Assert.Contains("words 2", run.Plugins.Get<IFarewell>("goodbye").Part());
    }

    [Theory]
    [InlineData("Greeter", "good day")]
    [InlineData("greeter", "good day")]
    [InlineData("Greeter@1.0.0", "hello world x1 Calm (words 1, )")]
    [InlineData("Greeter@[1.0,1.1)", "hello world x1 Calm (words 1, )")]
    [InlineData("Greeter@1.*", "good day")]
    public void The_highest_version_that_satisfies_the_configuration_is_used(string reference, string greeting)
    {
        using var host = new TestHost("Greeter/1.0.0", "Greeter/1.2.0");
        using var run = host.Open($"plugins: ['{reference}']");

        Assert.Equal(greeting, run.Plugins.Get<IGreeting>("hello").Greet());
    }

    [Theory]
    [InlineData("Greeter@3.0.0", "run.yml:1:11: plugins: no installed version of Greeter satisfies 'Greeter@3.0.0'; installed: 1.2.0, 1.0.0")]
    [InlineData("Greeter@new", "run.yml:1:11: plugins: 'new' is no version or range of versions, such as 1.2.0, 1.* or [1.0,2.0)")]
    [InlineData("Greetr", "run.yml:1:11: plugins: the plugin 'Greetr' is not installed; did you mean 'Greeter'? (searched {0})")]
    [InlineData("./nowhere", "run.yml:1:11: plugins: there is nothing at {1}")]
    [InlineData("Acme.Loss", "run.yml:1:11: plugins: the plugin 'Acme.Loss' is not installed; installed: Greeter; another one is installed with: neoteny plugins install Acme.Loss (searched {0})")]
    [InlineData("axolotl.integrations.liger.LigerPlugin", "run.yml:1:11: plugins: 'axolotl.integrations.liger.LigerPlugin' stands for the plugin Neoteny.Liger, which is not installed; install it: neoteny plugins install Neoteny.Liger (searched {0})")]
    [InlineData("axolotl.integrations.cut_cross_entropy.CutCrossEntropyPlugin", "run.yml:1:11: plugins: 'axolotl.integrations.cut_cross_entropy.CutCrossEntropyPlugin' stands for the plugin Neoteny.CCE, which is not installed; install it: neoteny plugins install Neoteny.CCE (searched {0})")]
    [InlineData("axolotl.integrations.swanlab.SwanLabPlugin", "run.yml:1:11: plugins: Neoteny has no counterpart of Axolotl's plugin 'axolotl.integrations.swanlab.SwanLabPlugin'; remove it (known: axolotl.integrations.liger.LigerPlugin, axolotl.integrations.cut_cross_entropy.CutCrossEntropyPlugin, axolotl.integrations.kernels.KernelsPlugin)")]
    public void A_named_plugin_that_cannot_be_had_stops_the_run(string reference, string message)
    {
        using var host = new TestHost("Greeter/1.0.0", "Greeter/1.2.0");

        Assert.Equal(string.Format(message, host.PluginFolder, Path.GetFullPath("nowhere")), host.Refuse($"plugins: ['{reference}']"));
    }

    [Fact]
    public void The_kernels_plugin_of_Axolotl_is_accepted_and_its_keys_decide()
    {
        using var host = new TestHost("Greeter/1.0.0");
        using var run = host.Open("plugins: [axolotl.integrations.kernels.KernelsPlugin, Neoteny.Greeter]");

        Assert.Equal(["Greeter"], run.Plugins.Plugins.Select(p => p.Manifest.Id));
    }

    [Fact]
    public void A_plugin_is_loaded_from_a_folder_or_an_assembly_given_by_path()
    {
        using var host = new TestHost();
        using var byFolder = host.Open($"plugins: ['{TestHost.FixturePath("Greeter/1.0.0")}']");
        using var byAssembly = host.Open($"plugins: ['{TestHost.FixturePath("Parting/1.0.0/Neoteny.Parting.dll")}']");

        Assert.StartsWith("hello", byFolder.Plugins.Get<IGreeting>("hello").Greet());
        Assert.StartsWith("goodbye", byAssembly.Plugins.Get<IFarewell>("goodbye").Part());
    }

    [Fact]
    public void Problems_of_a_plugins_options_are_those_of_the_file()
    {
        using var host = new TestHost("Greeter/1.0.0");

        Assert.Equal("run.yml:1:16: greeter_times: must be from 1 to 3, not 9", host.Refuse("greeter_times: 9"));
        Assert.Equal("run.yml:2:16: greeter_times: at most 2 when greeter_mood is very_loud", host.Refuse("greeter_mood: very_loud\ngreeter_times: 3"));
    }

    [Fact]
    public void The_files_of_an_installed_plugin_are_free_while_it_runs()
    {
        using var host = new TestHost("Greeter/1.0.0");
        using var run = host.Open("plugins: [Greeter]");

        Directory.Delete(Path.Combine(host.PluginFolder, "Greeter"), recursive: true);

        Assert.StartsWith("hello", run.Plugins.Get<IGreeting>("hello").Greet());
    }
}

using Neoteny.Host.Swap;
using Neoteny.Host.Tests.EndToEnd;

namespace Neoteny.Host.Tests.Swap;

/// <summary>Module overrides that are switched on and off while a run trains.</summary>
public sealed class ModuleSwitchTests(Workspace workspace) : IClassFixture<Workspace>
{
    private static IEnumerable<(string, string?)> Keys => [("plugins", "[Keyed]"), ("max_steps", "24"), ("learning_rate", "1e-3")];

    [Fact]
    public void A_module_of_a_loaded_plugin_goes_in_and_out_without_changing_the_losses()
    {
        using var test = new LiveTest(workspace, "Keyed/1.0.0");
        var whole = test.Train("switch-whole", Keys, _ => { });
        var asked = new List<Task<SwapOutcome>>();
        var active = new Dictionary<int, string>();

        var switched = test.Train("switch", Keys, s =>
        {
            string? target = s.Step switch { 4 => "module:keyed_norm", 8 => "module:keyed_norm", 10 => "module:keyed_sleeve", 14 => "module:keyed_norm=off", 18 => "module:keyed_norm=off", _ => null };
            if (target is not null)
            {
                asked.Add(s.Ask(target));
            }

            active[s.Step] = string.Join(", ", s.Swap.Status.Plugins.Single(p => p.Id == "Keyed").InUse);
        });

        Assert.Collection(asked.Select(a => a.Result),
            o => LiveTest.AssertSays(@"swapped module keyed_norm: Keyed 1.0.0 comes in at step 4, pause [0-9.]+ ms", o.Message),
            o => Says("Keyed 1.0.0 is in use already, and nothing higher that the configuration accepts is installed", o, 1),
            o => LiveTest.AssertSays(@"swapped module keyed_sleeve: Keyed 1.0.0 comes in at step 10, pause [0-9.]+ ms", o.Message),
            o => LiveTest.AssertSays(@"swapped module keyed_norm: Keyed 1.0.0 goes out at step 14, pause [0-9.]+ ms", o.Message),
            o => Says("module 'keyed_norm' takes no part in this run; taking part: keyed_sleeve", o, 2));
        Assert.Equal(
            ["loss keyed_loss", "loss keyed_loss, module keyed_norm", "loss keyed_loss, module keyed_norm, module keyed_sleeve", "loss keyed_loss, module keyed_sleeve"],
            new[] { 4, 6, 12, 20 }.Select(step => active[step]));
        LiveTest.AssertSame(whole, switched);
    }

    [Fact]
    public void What_a_swap_switched_off_stays_off_in_the_next_version()
    {
        using var test = new LiveTest(workspace, "Mold/1.0.0");
        IEnumerable<(string, string?)> keys = [.. Keys, ("plugins", "[Mold]")];
        var whole = test.Train("mold-whole", keys, _ => { });
        test.Install("Mold/1.1.0");
        var asked = new List<Task<SwapOutcome>>();
        var active = new Dictionary<int, string>();

        var switched = test.Train("mold", [.. keys, ("plugins", "['Mold@1.*']")], s =>
        {
            string? target = s.Step switch { 2 => "module:mold=off", 6 => "Mold@1.0.0", 12 => "module:mold", _ => null };
            if (target is not null)
            {
                asked.Add(s.Ask(target));
            }

            active[s.Step] = string.Join(", ", s.Swap.Status.Plugins.Where(p => p.Id == "Mold").Select(p => $"{p.Version} {string.Join(' ', p.InUse)}"));
        });

        Assert.Collection(asked.Select(a => a.Result),
            o => LiveTest.AssertSays("swapped module mold: Mold 1.1.0 goes out at step 2, pause [0-9.]+ ms", o.Message),
            o => LiveTest.AssertSays("swapped Mold 1.1.0 -> 1.0.0 at step 6, pause [0-9.]+ ms, old version unloaded", o.Message),
            o => LiveTest.AssertSays("swapped module mold: Mold 1.0.0 comes in at step 12, pause [0-9.]+ ms", o.Message));
        Assert.Equal(["1.1.0 module mold", "1.1.0 ", "1.0.0 ", "1.0.0 module mold"], new[] { 2, 4, 10, 20 }.Select(step => active[step]));
        LiveTest.AssertSame(whole, switched);
    }

    [Fact]
    public async Task A_module_that_the_configuration_switched_on_goes_out()
    {
        using var test = new LiveTest(workspace, "Keyed/1.0.0");
        var whole = test.Train("out-whole", Keys, _ => { });
        Task<SwapOutcome>? asked = null;
        string[] active = [];

        var switched = test.Train("out", [.. Keys, ("keyed_norms", "true")], s =>
        {
            asked ??= s.Step == 4 ? s.Ask("module:keyed_norm=off") : null;
            active = [.. s.Swap.Status.Plugins.Single(p => p.Id == "Keyed").InUse];
        });

        LiveTest.AssertSays(@"swapped module keyed_norm: Keyed 1.0.0 goes out at step 4, pause [0-9.]+ ms", (await asked!).Message);
        Assert.Equal(["loss keyed_loss", "module keyed_sleeve"], active);
        LiveTest.AssertSame(whole, switched);
    }

    [Fact]
    public async Task A_module_that_computes_something_else_stays_out_and_what_was_switched_on_stays_in()
    {
        using var test = new LiveTest(workspace, "Keyed/1.0.0");
        IEnumerable<(string, string?)> keys = [.. Keys, ("keyed_norms", "true")];
        var before = LiveTest.Contexts("Keyed");
        var whole = test.Train("wrong-whole", keys, _ => { });
        var asked = new List<Task<SwapOutcome>>();
        string[] active = [];

        var refused = test.Train("wrong", keys, s =>
        {
            if (s.Step is 4 or 8)
            {
                asked.Add(s.Ask(s.Step == 4 ? "module:keyed_wrong" : "module:keyed_wrong=off"));
            }

            active = [.. s.Swap.Status.Plugins.Single(p => p.Id == "Keyed").InUse];
        });

        Assert.StartsWith("kept what runs: module 'keyed_wrong' failed the check against the reference: model.layers.0.", (await asked[0]).Message);
        Says("module 'keyed_wrong' takes no part in this run; taking part: keyed_norm, keyed_sleeve", await asked[1], 2);
        Assert.Equal(["loss keyed_loss", "module keyed_norm", "module keyed_sleeve"], active);
        Assert.Equal(whole, refused);
        Assert.Equal(before, LiveTest.Contexts("Keyed", before));
    }

    [Fact]
    public void A_plugin_that_is_new_to_the_run_comes_in_with_what_was_asked_for_alone()
    {
        using var test = new LiveTest(workspace, "Mold/1.0.0", "Keyed/1.0.0");
        IEnumerable<(string, string?)> keys = [.. Keys, ("plugins", null)];
        var whole = test.Train("new-whole", keys, _ => { });
        var asked = new List<Task<SwapOutcome>>();
        string[] active = [];

        var brought = test.Train("new", keys, s =>
        {
            string? target = s.Step switch { 2 => "module:nothing", 4 => "module:keyed_wrong", 8 => "module:keyed_sleeve", 12 => "loss=keyed_second_loss", _ => null };
            if (target is not null)
            {
                asked.Add(s.Ask(target));
            }

            active = [.. s.Swap.Status.Plugins.Where(p => p.Id == "Keyed").SelectMany(p => p.InUse)];
        });

        Assert.Collection(asked.Select(a => a.Result),
            o => Assert.StartsWith("kept what runs: no installed plugin provides module 'nothing'; installed: keyed_norm, keyed_sleeve, keyed_wrong, ", o.Message),
            o => Assert.StartsWith("kept what runs: module 'keyed_wrong' failed the check against the reference: ", o.Message),
            o => LiveTest.AssertSays(@"swapped module keyed_sleeve: Keyed 1.0.0 comes in at step 8, pause [0-9.]+ ms", o.Message),
            o => LiveTest.AssertSays(@"swapped loss: cross_entropy \(CrossEntropy 0.1.0\) -> keyed_second_loss \(Keyed 1.0.0\) at step 12, pause [0-9.]+ ms, old version unloaded", o.Message));
        Assert.Equal(["loss keyed_second_loss", "module keyed_sleeve"], active);
        LiveTest.AssertSame(whole, brought);
    }

    private static void Says(string message, SwapOutcome outcome, int exitCode) => Assert.Equal((message, exitCode), (outcome.Message, outcome.ExitCode));
}

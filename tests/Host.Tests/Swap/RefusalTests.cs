using Neoteny.Host.Swap;
using Neoteny.Host.Tests.EndToEnd;

namespace Neoteny.Host.Tests.Swap;

/// <summary>Candidates that do not take over: the old one goes on, and one line says why.</summary>
public sealed class RefusalTests(Workspace workspace) : IClassFixture<Workspace>
{
    [Fact]
    public void A_candidate_that_does_not_do_leaves_the_old_one_and_the_losses_as_they_are()
    {
        using var test = new LiveTest(workspace, "Steady/1.0.0");
        var config = Path.Combine(test.OutputFolder("refused.yml"));
        IEnumerable<(string, string?)> keys = [.. LiveTest.Steady, ("plugins", "['Steady@(,1.9]']"), ("steady_level", "5")];
        var whole = test.Train("refused-whole", keys, _ => { });
        var asked = new List<Task<SwapOutcome>>();
        string[] candidates = ["Steady@1.2.0", "Steady@1.3.0", "Steady@1.4.0", "Steady@1.5.0", "Steady@1.6.0", "Steady@1.7.0", "Steady@2.0", "Steady@1.0.0", "Nobody", "attention=nothing", "attention=steady"];

        var refused = test.Train("refused", keys, s =>
        {
            if (s.Step == 1)
            {
                foreach (var version in new[] { "1.2.0", "1.3.0", "1.4.0", "1.5.0", "1.6.0", "1.7.0" })
                {
                    test.Install($"Steady/{version}");
                }
            }

            if (s.Step % 2 == 0 && s.Step / 2 <= candidates.Length)
            {
                asked.Add(s.Ask(candidates[s.Step / 2 - 1]));
                Assert.False(s.Swap.IsReady);
            }
        });

        Assert.Collection(asked.Select(a => a.Result),
            o => LiveTest.AssertSays(@"kept what runs: attention 'steady' failed the check against the reference: \d+ heads of \d+, Float32: output: off by [0-9.e+-]+, at most 1e-05 \(and \d more\)", o.Message),
            o => Says($"kept what runs: Steady 1.3.0 does not take the run's configuration: {config}:14:15: steady_level: must be from 1 to 3, not 5", o),
            o => Says("kept what runs: Steady 1.4.0 cannot replace 1.0.0: it is built for Neoteny.Abstractions 9.0 and this host has 0.1; install a version of the plugin that is built for 0.1", o),
            o => Says("kept what runs: Steady 1.5.0 cannot replace 1.0.0: it does not provide loss 'steady_loss', which this run uses", o),
            o => Says("kept what runs: Steady 1.6.0 cannot be used: creating loss 'steady_loss' failed: InvalidOperationException: not today", o),
            o => Says($"kept what runs: Steady 1.7.0 cannot replace 1.0.0: it provides the quantizer 'steady_format', which takes effect only when a run starts. {Restart(test, config)}", o),
            o => Says("kept what runs: no version of Steady that satisfies 'Steady@2.0' is installed; installed: 1.7.0, 1.6.0, 1.5.0, 1.4.0, 1.3.0, 1.2.0, 1.0.0", o, 2),
            o => Says("Steady 1.0.0 is in use already", o),
            o => Says("kept what runs: the plugin 'Nobody' takes no part in this run; active: Steady 1.0.0", o, 2),
            o => LiveTest.AssertSays("kept what runs: no installed plugin provides attention 'nothing'; installed: eager, .*sdpa, steady.*", o.Message),
            o => Says("attention is steady (Steady 1.0.0) already", o));
        Assert.Equal(whole, refused);
        Assert.Equal(0, LiveTest.Contexts("Steady"));
    }

    [Fact]
    public async Task A_version_outside_the_configurations_range_is_refused_with_the_place_of_the_range()
    {
        using var test = new LiveTest(workspace, "Steady/1.0.0");
        Task<SwapOutcome>? asked = null;

        test.Train("range", [.. LiveTest.Steady, ("plugins", "['Steady@[1.0,1.1)']"), ("max_steps", "4")], s =>
        {
            if (s.Step == 1)
            {
                test.Install("Steady/1.1.0");
                asked = s.Ask("Steady");
                WaitFor(asked);
            }
        });

        LiveTest.AssertSays(@"Steady 1.0.0 is in use already, and nothing higher that the configuration accepts is installed", (await asked!).Message);
        Assert.Equal(
            $"kept what runs: Steady 1.1.0 cannot replace 1.0.0: the configuration accepts only 'Steady@[1.0,1.1)' ({test.OutputFolder("range.yml")}:12:11)",
            (await AskFor(test, "Steady@1.1.0")).Message);
    }

    [Fact]
    public async Task An_active_adapter_keeps_its_plugin_and_says_how_to_restart()
    {
        using var test = new LiveTest(workspace);
        Task<SwapOutcome>? asked = null;

        test.Train("adapter", [.. Workspace.Lora, ("max_steps", "4")], s =>
        {
            if (s.Step == 1)
            {
                test.InstallAs("Lora", "0.1.9");
                asked = s.Ask("Lora");
            }
        });

        var config = test.OutputFolder("adapter.yml");
        Says($"kept what runs: Lora 0.1.9 cannot replace 0.1.0: it provides the adapter 'lora' of this run, which cannot be exchanged while the run is live. {Restart(test, config)}", await asked!);
    }

    [Fact]
    public async Task A_plugin_whose_quantizer_or_offload_is_in_the_run_stays_and_one_that_is_not_does_not_come_in()
    {
        using var test = new LiveTest(workspace, "Steady/1.7.0");
        var config = test.OutputFolder("fixed.yml");
        var late = test.OutputFolder("late.yml");
        var asked = new List<Task<SwapOutcome>>();

        test.Train("fixed", [.. LiveTest.Steady, ("max_steps", "4")], s =>
        {
            if (s.Step == 1)
            {
                test.Install("Steady/1.0.0");
                asked.Add(s.Ask("Steady@1.0.0"));
            }
        });
        test.Train("late", [("plugins", "[Sdpa]"), ("max_steps", "4")], s =>
        {
            if (s.Step == 1)
            {
                asked.Add(s.Ask("attention=steady"));
            }
        });

        Says($"kept what runs: Steady 1.0.0 cannot replace 1.7.0: it provides the quantizer 'steady_format' of this run, which cannot be exchanged while the run is live. {Restart(test, config)}", await asked[0]);
        Says($"kept what runs: Steady 1.7.0 cannot come in: it provides the quantizer 'steady_format', which takes effect only when a run starts. {Restart(test, late)}", await asked[1]);
    }

    [Theory]
    [InlineData("Neoteny.Steady@[1.0,1.1)", "Steady@1.1.0")]
    [InlineData("Steady@[1.0,1.1)", "neoteny.steady@1.1.0")]
    public void A_plugin_may_go_by_its_packages_name_in_the_configuration_and_in_the_wish(string reference, string target)
    {
        using var test = new LiveTest(workspace, "Steady/1.0.0", "Steady/1.1.0");
        var asked = new List<Task<SwapOutcome>>();

        test.Train("package", [.. LiveTest.Steady, ("plugins", $"['{reference}']"), ("max_steps", "4")], s =>
        {
            if (s.Step == 1)
            {
                asked.Add(s.Ask(target));
                asked.Add(s.Ask(target.Replace("1.1.0", "1.0.0")));
                asked.Add(s.Ask("Neoteny.Steady@3.0.0"));
            }
        });

        Assert.Collection(asked.Select(a => a.Result),
            o => Says($"kept what runs: Steady 1.1.0 cannot replace 1.0.0: the configuration accepts only '{reference}' ({test.OutputFolder("package.yml")}:12:11)", o),
            o => Says("Steady 1.0.0 is in use already", o),
            o => Says("kept what runs: no version of Steady that satisfies 'Neoteny.Steady@3.0.0' is installed; installed: 1.1.0, 1.0.0", o, 2));
    }

    [Theory]
    [InlineData("adapter=lora", "'adapter=lora': only attention and loss are chosen by name while a run is live, as in attention=eager; write module:<name> or module:<name>=off for a module override, Id or Id@version for a plugin. Everything else is fixed when a run starts: change the configuration and go on from a checkpoint.")]
    [InlineData("attention=", "'attention=': only attention and loss are chosen by name while a run is live, as in attention=eager; write module:<name> or module:<name>=off for a module override, Id or Id@version for a plugin. Everything else is fixed when a run starts: change the configuration and go on from a checkpoint.")]
    [InlineData("module:", "'module:' names nothing to swap. Write attention=<name>, loss=<name>, module:<name>, module:<name>=off, Id or Id@version.")]
    [InlineData("module:norm=on", "'module:norm=on': a module override comes in with module:<name> and goes out with module:<name>=off.")]
    [InlineData("module:=off", "'module:=off': a module override comes in with module:<name> and goes out with module:<name>=off.")]
    [InlineData("Sdpa@newest", "'newest' is no version or range of versions, such as 1.2.0, 1.* or [1.0,2.0).")]
    public void A_target_that_makes_no_sense_is_refused(string target, string message) =>
        Assert.Equal(message, Assert.Throws<InputException>(() => SwapTarget.Parse(target)).Message);

    private static Task<SwapOutcome> AskFor(LiveTest test, string target)
    {
        Task<SwapOutcome>? asked = null;
        test.Train("range", [.. LiveTest.Steady, ("plugins", "['Steady@[1.0,1.1)']"), ("max_steps", "2")], s => asked ??= s.Ask(target));
        return asked!;
    }

    private static string Restart(LiveTest test, string config) => $"Stop the run with Ctrl-C, which saves a checkpoint, "
        + $"set 'resume_from_checkpoint: true' in {config}, and go on with: neoteny train {config} --plugin-dir {test.PluginFolder} --plugin-dir {LiveTest.OwnPlugins}";

    private static void WaitFor(Task task) => LiveStep.WaitFor(() => task.IsCompleted);

    private static void Says(string message, SwapOutcome outcome, int exitCode = 1) => Assert.Equal((message, exitCode), (outcome.Message, outcome.ExitCode));
}

using Neoteny.Host.Swap;
using Neoteny.Host.Tests.EndToEnd;

namespace Neoteny.Host.Tests.Swap;

/// <summary>Plugins that are exchanged while a run trains.</summary>
public sealed class HotSwapTests(Workspace workspace) : IClassFixture<Workspace>
{
    [Fact]
    public async Task A_newer_version_takes_over_attention_and_loss_without_changing_the_losses()
    {
        using var test = new LiveTest(workspace, "Steady/1.0.0");
        var whole = test.Train("whole", LiveTest.Steady, _ => { });
        test.Install("Steady/1.1.0");
        Task<SwapOutcome>? asked = null;
        var versions = new List<string>();
        string[] keys = [];

        var swapped = test.Train("swapped", [.. LiveTest.Steady, ("plugins", "['Steady@1.*']"), ("steady_level", "2")], s =>
        {
            asked ??= s.Step == 4 ? s.Ask("Steady@1.0.0") : null;
            versions.Add(s.Swap.Status.Plugins.Single(p => p.Id == "Steady").Version);
            keys = [.. s.Swap.Status.Plugins.Single(p => p.Id == "Steady").InUse];
        });

        var outcome = await asked!;
        Assert.Equal(SwapStatus.Swapped, outcome.Status);
        Assert.Equal(4, outcome.Step);
        Assert.InRange(outcome.Pause.TotalMilliseconds, 0, 250);
        Assert.True(outcome.OldIsFreed);
        LiveTest.AssertSays("swapped attention steady, loss steady_loss: Steady 1.1.0 -> 1.0.0 at step 4, pause [0-9.]+ ms, old version unloaded", outcome.Message);
        Assert.Contains($"Information: {outcome.Message}", test.Log.Lines);
        Assert.Equal([.. Enumerable.Repeat("1.1.0", 4), .. Enumerable.Repeat("1.0.0", 20)], versions);
        Assert.Equal(["attention steady", "loss steady_loss"], keys);
        LiveTest.AssertSame(whole, swapped);
    }

    [Fact]
    public void Attention_and_loss_are_chosen_by_name_and_a_plugin_that_nobody_uses_any_more_goes()
    {
        using var test = new LiveTest(workspace, "Steady/1.0.0");
        IEnumerable<(string, string?)> keys = [("max_steps", "24"), ("learning_rate", "1e-3"), ("attn_implementation", "sdpa")];
        var whole = test.Train("named-whole", keys, _ => { });
        var asked = new List<Task<SwapOutcome>>();
        string[] active = [];

        var swapped = test.Train("named", keys, s =>
        {
            string? target = s.Step switch { 4 => "attention=eager", 10 => "attention=steady", 16 => "loss=steady_loss", _ => null };
            if (target is not null)
            {
                asked.Add(s.Ask(target));
            }

            active = [.. s.Swap.Status.Plugins.Select(p => $"{p.Id}: {string.Join(", ", p.InUse)}")];
        });

        Assert.Collection(asked.Select(a => a.Result),
            o => LiveTest.AssertSays(@"swapped attention: sdpa \(Sdpa [0-9.]+\) -> eager \(Sdpa [0-9.]+\) at step 4, pause [0-9.]+ ms", o.Message),
            o => LiveTest.AssertSays(@"swapped attention: eager \(Sdpa [0-9.]+\) -> steady \(Steady 1.0.0\) at step 10, pause [0-9.]+ ms, old version unloaded", o.Message),
            o => LiveTest.AssertSays(@"swapped loss: cross_entropy \(CrossEntropy [0-9.]+\) -> steady_loss \(Steady 1.0.0\) at step 16, pause [0-9.]+ ms, old version unloaded", o.Message));
        Assert.Equal(["Steady: attention steady, loss steady_loss"], active);
        LiveTest.AssertSame(whole, swapped);
    }

    [Fact]
    public async Task A_name_that_only_another_version_of_a_plugin_provides_brings_that_version()
    {
        using var test = new LiveTest(workspace, "Steady/1.5.0", "Steady/1.0.0");
        IEnumerable<(string, string?)> keys = [.. LiveTest.Steady, ("loss", null)];
        var whole = test.Train("renewed-whole", keys, _ => { });
        Task<SwapOutcome>? asked = null;

        var swapped = test.Train("renewed", keys, s => asked ??= s.Step == 4 ? s.Ask("loss=steady_loss") : null);

        LiveTest.AssertSays("swapped attention steady: Steady 1.5.0 -> 1.0.0 for loss steady_loss at step 4, pause [0-9.]+ ms, old version unloaded", (await asked!).Message);
        LiveTest.AssertSame(whole, swapped);
    }

    [Fact]
    public void Ten_swaps_in_one_run_leave_one_load_context()
    {
        using var test = new LiveTest(workspace, "Steady/1.0.0", "Steady/1.1.0");
        var asked = new List<Task<SwapOutcome>>();
        var contexts = 0;

        var swapped = test.Train("often", [.. LiveTest.Steady, ("max_steps", "52")], s =>
        {
            if (s.Step % 5 == 0 && s.Step <= 50)
            {
                asked.Add(s.Ask(s.Step % 2 == 1 ? "Steady@1.0.0" : "Steady@1.1.0"));
                contexts = LiveTest.Contexts("Steady", least: 2);
            }
        });

        Assert.Equal(10, asked.Count);
        Assert.All(asked, a => Assert.True(a.Result.OldIsFreed, a.Result.Message));
        Assert.All(asked, a => Assert.InRange(a.Result.Pause.TotalMilliseconds, 0, 250));
        Assert.Equal(2, contexts); // the one in use, and the one prepared
        Assert.Equal(0, LiveTest.Contexts("Steady"));
        LiveTest.AssertSame(test.Train("often-whole", [.. LiveTest.Steady, ("max_steps", "52")], _ => { }), swapped);
    }

    [Fact]
    public async Task An_old_version_that_something_holds_is_reported_and_the_run_goes_on()
    {
        using var test = new LiveTest(workspace, "Steady/1.0.0", "Steady/1.1.0");
        Task<SwapOutcome>? asked = null;
        object? held = null;

        var losses = test.Train("held", LiveTest.Steady, s =>
        {
            held ??= s.Run.Plugins.Get<Attention.IAttention>("steady");
            asked ??= s.Step == 4 ? s.Ask("Steady@1.0.0") : null;
        });

        Assert.Equal(24, losses.Length);
        var outcome = await asked!;
        Assert.False(outcome.OldIsFreed);
        LiveTest.AssertSays("Warning: swapped attention steady, loss steady_loss: Steady 1.1.0 -> 1.0.0 at step 4, pause [0-9.]+ ms; Steady 1.1.0 is out of use but not freed after 10 collections: "
            + @"something still refers to it \(a static event, a thread, a timer or a cache of its own\), so its memory stays until the run ends",
            test.Log.Lines.Single(l => l.StartsWith("Warning")));
        GC.KeepAlive(held);
    }

    [Fact]
    public async Task Swaps_beside_evaluations_and_checkpoints_change_nothing_and_the_checkpoint_says_what_computed()
    {
        using var test = new LiveTest(workspace, "Steady/1.0.0", "Steady/1.1.0");
        IEnumerable<(string, string?)> keys =
        [
            .. LiveTest.Steady, ("val_set_size", "4"), ("eval_steps", "2"), ("save_strategy", null), ("save_steps", "3"), ("save_total_limit", "20"),
        ];
        var whole = test.Train("busy-whole", keys, _ => { });
        Task<SwapOutcome>? first = null;
        Task? asking = null;
        var outcomes = new List<SwapOutcome>();

        // The first is prepared before the run goes on; how many of the others are in time depends on the machine.
        var busy = test.Train("busy", keys, s =>
        {
            first ??= s.Step == 2 ? s.Ask("Steady@1.0.0") : null;
            asking ??= s.Step == 3 ? Task.Run(async () =>
            {
                for (var i = 0; i < 40; i++)
                {
                    outcomes.Add(await s.Swap.Request(SwapTarget.Parse(i % 2 == 0 ? "Steady@1.1.0" : "Steady@1.0.0")));
                }
            }) : null;
        });
        await asking!;

        LiveTest.AssertSame(whole, busy);
        Assert.Equal(SwapStatus.Swapped, (await first!).Status);
        Assert.All(outcomes.Where(o => o.Status != SwapStatus.Swapped), o => Assert.Equal("The run ended before a step boundary; nothing was swapped.", o.Message));
        Assert.Contains("\"attention\": \"steady (Steady 1.1.0)\"", File.ReadAllText(Path.Combine(test.OutputFolder("busy-whole"), "checkpoint-3/trainer_state.json")));

        test.Train("busy-resumed", [.. keys, ("plugins", "['Steady@1.0.0']"), ("resume_from_checkpoint", Path.Combine(test.OutputFolder("busy-whole"), "checkpoint-21"))], _ => { });
        Assert.Contains("warning: attention: the checkpoint was computed with steady (Steady 1.1.0), this run uses steady (Steady 1.0.0): results may differ.", test.Output.ToString());
    }

    [Fact]
    public void What_is_withdrawn_or_comes_too_late_does_not_happen()
    {
        using var test = new LiveTest(workspace, "Steady/1.0.0", "Steady/1.1.0");
        using var source = new CancellationTokenSource();
        var asked = new List<Task<SwapOutcome>>();

        test.Train("late", LiveTest.Steady, s =>
        {
            if (s.Step == 4)
            {
                asked.Add(s.Ask("Steady@1.0.0", source.Token));
                source.Cancel();
            }
            else if (s.Step == 5)
            {
                asked.Add(s.Ask("Steady@1.0.0", source.Token));
            }
            else if (s.Step == 24)
            {
                asked.Add(s.Swap.Request(SwapTarget.Parse("Steady@1.0.0")));
            }
        });

        Assert.Equal(
            ["'Steady@1.0.0' was withdrawn; nothing was swapped.", "'Steady@1.0.0' was withdrawn; nothing was swapped.", "The run ended before a step boundary; nothing was swapped."],
            asked.Select(a => a.Result.Message));
        Assert.Equal(0, LiveTest.Contexts("Steady"));
    }
}

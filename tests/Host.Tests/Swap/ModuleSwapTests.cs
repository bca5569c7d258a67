using Neoteny.Host.Swap;
using Neoteny.Host.Tests.EndToEnd;

namespace Neoteny.Host.Tests.Swap;

/// <summary>Module overrides that are exchanged while a run trains.</summary>
public sealed class ModuleSwapTests(Workspace workspace) : IClassFixture<Workspace>
{
    private static IEnumerable<(string, string?)> Keys => [("plugins", "[Sleeve, Mold]"), ("max_steps", "24"), ("learning_rate", "1e-3")];

    [Fact]
    public async Task A_newer_override_takes_over_its_sites_below_the_wrappers_around_them()
    {
        using var test = new LiveTest(workspace, "Mold/1.0.0", "Sleeve/1.0.0");
        var whole = test.Train("modules-whole", Keys, _ => { });
        Task<SwapOutcome>? asked = null;

        var swapped = test.Train("modules", Keys, s =>
        {
            if (s.Step == 4)
            {
                test.Install("Mold/1.1.0");
                asked = s.Ask("module:mold");
            }
        });

        var outcome = await asked!;
        LiveTest.AssertSays("swapped module mold: Mold 1.0.0 -> 1.1.0 at step 4, pause [0-9.]+ ms, old version unloaded", outcome.Message);
        Assert.InRange(outcome.Pause.TotalMilliseconds, 0, 250);
        LiveTest.AssertSame(whole, swapped);
        Assert.Equal(0, LiveTest.Contexts("Mold"));
    }

    [Fact]
    public async Task An_override_comes_in_by_name_while_the_run_is_live()
    {
        using var test = new LiveTest(workspace, "Mold/1.0.0");
        var whole = test.Train("plain", [.. Keys, ("plugins", null)], _ => { });
        Task<SwapOutcome>? asked = null;
        string[] active = [];

        var swapped = test.Train("brought", [.. Keys, ("plugins", null)], s =>
        {
            asked ??= s.Step == 4 ? s.Ask("module:mold") : null;
            active = [.. s.Swap.Status.Plugins.SelectMany(p => p.InUse)];
        });

        LiveTest.AssertSays("swapped module mold: Mold 1.0.0 comes in at step 4, pause [0-9.]+ ms", (await asked!).Message);
        Assert.Contains("module mold", active);
        LiveTest.AssertSame(whole, swapped);
    }

    [Fact]
    public async Task An_override_that_computes_something_else_is_refused_at_the_boundary_and_every_block_is_back()
    {
        using var test = new LiveTest(workspace, "Mold/1.1.0", "Sleeve/1.0.0");
        var whole = test.Train("wrong-whole", Keys, _ => { });
        Task<SwapOutcome>? asked = null;

        var refused = test.Train("wrong", Keys, s =>
        {
            if (s.Step == 4)
            {
                test.Install("Mold/1.2.0");
                asked = s.Ask("Mold");
            }
        });

        Assert.StartsWith("kept what runs: module 'mold' failed the check against the reference: model.layers.0.", (await asked!).Message);
        Assert.Equal(whole, refused);
        Assert.Equal(0, LiveTest.Contexts("Mold"));
    }
}

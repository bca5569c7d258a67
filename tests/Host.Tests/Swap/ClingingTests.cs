using Neoteny.Host.Swap;
using Neoteny.Host.Tests.EndToEnd;

namespace Neoteny.Host.Tests.Swap;

/// <summary>Plugins that do not let go of what they should: training computes what it always computes.</summary>
public sealed class ClingingTests(Workspace workspace) : IClassFixture<Workspace>
{
    /// <summary>Contexts that earlier cases left for good.</summary>
    private static int leaked;

    private static IEnumerable<(string, string?)> Keys(string loss) => [("loss", loss), ("max_steps", "12"), ("learning_rate", "1e-3")];

    [Theory]
    [InlineData("hoarding_loss")]
    [InlineData("leaking_loss")]
    public void A_loss_that_keeps_tensors_or_hangs_on_an_event_corrupts_neither_its_run_nor_the_next(string loss)
    {
        using var test = new LiveTest(workspace, "Clinging/1.0.0");
        var clean = test.Train($"clean-{loss}", Keys("clean_loss"), _ => { });

        Assert.Equal(clean, test.Train(loss, Keys(loss), _ => { }));
        leaked += loss == "leaking_loss" ? 1 : 0;
        Assert.Equal(clean, test.Train($"after-{loss}", Keys("clean_loss"), _ => { }));
    }

    [Theory]
    [InlineData("hoarding_loss", true, ", old version unloaded")]
    [InlineData("leaking_loss", false, "; Clinging 1.0.0 is out of use but not freed after 10 collections: "
        + @"something still refers to it \(a static event, a thread, a timer or a cache of its own\), so its memory stays until the run ends")]
    public async Task Swapped_out_it_goes_with_its_tensors_or_is_reported_and_the_run_goes_on_as_without_it(string loss, bool isFreed, string told)
    {
        using var test = new LiveTest(workspace, "Clinging/1.0.0", "Steady/1.0.0");
        var whole = test.Train($"whole-{loss}", Keys("steady_loss"), _ => { });
        Task<SwapOutcome>? asked = null;
        var before = LiveTest.Contexts("Clinging", leaked);

        var swapped = test.Train($"out-{loss}", Keys(loss), s => asked ??= s.Step == 4 ? s.Ask("loss=steady_loss") : null);

        var outcome = await asked!;
        Assert.Equal(isFreed, outcome.OldIsFreed);
        leaked += isFreed ? 0 : 1;
        Assert.Equal(isFreed, LiveTest.Contexts("Clinging", leaked) == before);
        LiveTest.AssertSays($@"swapped loss: {loss} \(Clinging 1.0.0\) -> steady_loss \(Steady 1.0.0\) at step 4, pause [0-9.]+ ms{told}", outcome.Message);
        Assert.Equal(whole, swapped);
    }
}

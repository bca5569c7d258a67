using System.Runtime.InteropServices;
using Neoteny.Host.Tests.EndToEnd;

namespace Neoteny.Host.Tests.Swap;

/// <summary><c>neoteny plugins swap</c> beside <c>neoteny train</c>, two processes.</summary>
public sealed class SwapCommandTests(Workspace workspace) : IClassFixture<Workspace>
{
    [Fact]
    public void A_live_run_swaps_its_attention_on_request_and_an_installed_plugin_by_itself()
    {
        using var test = new LiveTest(workspace, "Steady/1.0.0");
        var output = workspace.At("live");
        var config = workspace.Config("live", ("max_steps", "100000"), ("logging_steps", "1"), ("attn_implementation", "sdpa"));
        using var training = NeotenyProgram.Start("train", config, "--watch-plugins", "--plugin-dir", test.PluginFolder);
        training.WaitFor("step 3/");

        var unknown = NeotenyProgram.Run("plugins", "swap", "--run", output, "attention=nothing");
        var eager = NeotenyProgram.Run("plugins", "swap", "--run", output, "attention=eager").Succeeded();
        var steady = NeotenyProgram.Run("plugins", "swap", "--run", output, "attention=steady").Succeeded();
        test.Install("Steady/1.1.0");
        training.WaitForError("Steady 1.0.0 -> 1.1.0 at step ");
        var status = NeotenyProgram.Run("plugins", "swap", "--run", output).Succeeded();
        training.Signal(PosixSignal.SIGINT);
        var ended = training.Wait();

        Assert.Equal(2, unknown.ExitCode);
        Assert.StartsWith("error: kept what runs: no installed plugin provides attention 'nothing'; installed: eager, ", unknown.Error);
        LiveTest.AssertSays(@"swapped attention: sdpa \(Sdpa [0-9.]+\) -> eager \(Sdpa [0-9.]+\) at step \d+, pause [0-9.]+ ms\n", eager.Output);
        LiveTest.AssertSays(@"swapped attention: eager \(Sdpa [0-9.]+\) -> steady \(Steady 1.0.0\) at step \d+, pause [0-9.]+ ms, old version unloaded\n", steady.Output);
        LiveTest.AssertSays(@"step \d+\n  CrossEntropy [0-9.]+: loss cross_entropy\n  Steady 1.1.0: attention steady\n", status.Output);
        Assert.Equal(130, ended.ExitCode);
        LiveTest.AssertSays(@"[\s\S]*\nswapped attention steady: Steady 1.0.0 -> 1.1.0 at step \d+, pause [0-9.]+ ms, old version unloaded\n", ended.Error);
        Assert.False(Path.Exists(Path.Combine(output, ".control")));

        var late = NeotenyProgram.Run("plugins", "swap", "--run", output, "attention=eager");
        Assert.Equal(2, late.ExitCode);
        Assert.StartsWith($"error: No run is live in {output}: there is no socket ", late.Error);
    }
}

using Neoteny.Host.Swap;
using Neoteny.Host.Tests.EndToEnd;

namespace Neoteny.Host.Tests.Swap;

/// <summary>Swaps in the run that the README begins with: the whole 7M model, LoRA, rows of 512 tokens. Only its number of steps and its evaluation are cut.</summary>
public sealed class ExampleSwapTests(Workspace workspace) : IClassFixture<Workspace>
{
    private static readonly string _root = ThirdParties.Metadata("RepositoryRoot");

    [Fact]
    public async Task A_newer_kernel_takes_over_within_the_pause_and_without_a_trace_in_the_losses()
    {
        using var test = new LiveTest(workspace);
        var whole = test.TrainFile(Example("example-whole"), _ => { });
        Task<SwapOutcome>? asked = null;

        var swapped = test.TrainFile(Example("example-swapped"), s =>
        {
            if (s.Step == 1)
            {
                test.InstallAs("Sdpa", "0.1.9");
                asked = s.Ask("Sdpa");
            }
        });

        var outcome = await asked!;
        LiveTest.AssertSays("swapped attention sdpa: Sdpa 0.1.0 -> 0.1.9 at step 1, pause [0-9.]+ ms, old version unloaded", outcome.Message);
        Assert.InRange(outcome.Pause.TotalMilliseconds, 0, 250);
        Assert.Equal(4, whole.Length);
        Assert.True(whole[^1] < whole[0]);
        LiveTest.AssertSame(whole, swapped);
    }

    private string Example(string name)
    {
        string[] replaced = ["num_epochs", "output_dir", "eval_exact_match", "generate_samples"];
        var lines = File.ReadAllLines(Path.Combine(_root, "examples/capitals-lora.yml")).Where(l => !replaced.Contains(l.Split(':')[0]));

        // Its paths are those of the repository.
        return workspace.Write($"{name}.yml", string.Join('\n', [
            .. lines.Select(l => l.Replace("examples/", $"{_root}examples/", StringComparison.Ordinal)), "max_steps: 4", $"output_dir: {workspace.At(name)}", "device: cpu",
        ]));
    }
}

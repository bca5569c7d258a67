using System.Diagnostics;
using Neoteny.Benchmarks.Harness;
using Neoteny.Host.Swap;

namespace Neoteny.Benchmarks.Swap;

/// <summary>How long the example run stands still while a plugin is exchanged, and how long the exchange is prepared beside it.</summary>
internal sealed class SwapBenchmark : IBenchmark
{
    private static readonly (string Id, string What)[] Plugins = [("Sdpa", "attention"), ("CrossEntropy", "loss")];

    public string Name => "swap";

    public int DefaultRepeat => 10;

    public Report Run(int repeat)
    {
        using var example = new ExampleRun();
        var versions = Plugins.ToDictionary(p => p.Id, p => new[] { example.Shipped(p.Id), example.AddNewer(p.Id) });
        var (pauses, waits) = (Plugins.ToDictionary(p => p.Id, _ => new List<double>()), Plugins.ToDictionary(p => p.Id, _ => new List<double>()));
        var (asked, steps, current) = (0, new List<double>(), (Task<SwapOutcome>?)null);
        using var done = new CancellationTokenSource();
        example.Train((report, swap) =>
        {
            steps.Add(report.Duration.TotalMilliseconds);

            // A swap is over when the old plugin's memory is free, some steps after the exchange.
            if (report.Step == 1 || current is { IsCompleted: false })
            {
                return;
            }

            current?.GetAwaiter().GetResult();
            if (asked == 2 * repeat)
            {
                done.Cancel();
                return;
            }

            // Alternately one and the other, each to its older version and back.
            var id = Plugins[asked % 2].Id;
            var start = Stopwatch.GetTimestamp();
            current = Exchange(swap, $"{id}@{versions[id][asked / 2 % 2]}", pauses[id]);
            asked++;
            SpinWait.SpinUntil(() => swap.IsReady || current.IsCompleted);
            waits[id].Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        }, done.Token);
        if (pauses.Values.Any(p => p.Count < repeat))
        {
            throw new NeotenyException($"The run ended after {steps.Count} steps with {asked} of {2 * repeat} swaps.");
        }

        return new Report
        {
            Title = "Hot swap",
            Method = "The run of examples/capitals-lora.yml, in which Sdpa and CrossEntropy are exchanged by turns for the same plugin under another version and back. The pause is what the "
                + "run measures and logs; everything else (loading, checking against the reference) happens beside it.",
            Measurements =
            [
                .. Plugins.Select(p => new Measurement("pause", p.What, "ms", pauses[p.Id], "under 250")),
                .. Plugins.Select(p => new Measurement("until prepared", p.What, "ms", waits[p.Id])),
                new Measurement("beside", "one step", "ms", steps[1..]),
            ],
        };
    }

    private static async Task<SwapOutcome> Exchange(HotSwap swap, string target, List<double> pauses)
    {
        var outcome = await swap.Request(SwapTarget.Parse(target)).ConfigureAwait(false);
        pauses.Add(outcome.Status == SwapStatus.Swapped ? outcome.Pause.TotalMilliseconds : throw new NeotenyException($"Nothing was swapped: {outcome.Message}"));
        return outcome;
    }
}

using System.Diagnostics;
using System.Globalization;

namespace Neoteny.Host.Swap;

/// <summary>A swap that has happened, while collections free what went: one at each boundary, on the compute thread, counted as pause.</summary>
internal sealed class PendingUnload(SwapOrder order, string change, int step, TimeSpan exchange, IReadOnlyList<RetiredPlugin> retired)
{
    /// <summary>A context needs two or three collections; what is still there after so many is held by something.</summary>
    private const int MostCollections = 10;

    private TimeSpan pause = exchange;
    private TimeSpan longest = exchange;
    private int collections;

    /// <summary>The wish.</summary>
    public SwapOrder Order => order;

    /// <summary>Whether everything that went was freed, or never will be.</summary>
    public bool IsOver => collections >= MostCollections || !IsAlive;

    private bool IsAlive => retired.Any(r => r.Context.IsAlive);

    /// <summary>Collects once.</summary>
    public void Collect()
    {
        var watch = Stopwatch.StartNew();
        GC.Collect();
        GC.WaitForPendingFinalizers();
        collections++;
        pause += watch.Elapsed;
        longest = watch.Elapsed > longest ? watch.Elapsed : longest;
    }

    /// <summary>What to report.</summary>
    public SwapOutcome Outcome()
    {
        var held = retired.Where(r => r.Context.IsAlive).Select(r => r.Name).ToList();
        var old = (retired.Count, held.Count) switch
        {
            (0, _) => "",
            (_, 0) => ", old version unloaded",
            _ => $"; {string.Join(" and ", held)} is out of use but not freed after {collections} collections: something still refers to it "
                + "(a static event, a thread, a timer or a cache of its own), so its memory stays until the run ends",
        };
        return new SwapOutcome(SwapStatus.Swapped, string.Create(CultureInfo.InvariantCulture, $"swapped {change} at step {step}, pause {pause.TotalMilliseconds:f1} ms{old}"))
        {
            Step = step,
            Pause = pause,
            LongestPause = longest,
            OldIsFreed = retired.Count == 0 ? null : held.Count == 0,
        };
    }
}

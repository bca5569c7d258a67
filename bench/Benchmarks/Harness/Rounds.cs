using System.Diagnostics;

namespace Neoteny.Benchmarks.Harness;

/// <summary>Times several ways of doing the same in turns, so that a change of the machine's state meets all of them.</summary>
internal static class Rounds
{
    /// <summary>Runs every way once a round.</summary>
    /// <param name="group">The group of the measurements.</param>
    /// <param name="warmUp">Rounds before the timed ones.</param>
    /// <param name="repeat">Timed rounds.</param>
    /// <param name="ways">Names and what to time; each gets the number of the round, warm-up included.</param>
    /// <returns>Milliseconds of each way, in the order given.</returns>
    public static Measurement[] Time(string group, int warmUp, int repeat, params (string Name, Action<int> Run)[] ways) => Time(group, warmUp, repeat, static () => { }, ways);

    /// <summary>Runs every way once a round.</summary>
    /// <param name="group">The group of the measurements.</param>
    /// <param name="warmUp">Rounds before the timed ones.</param>
    /// <param name="repeat">Timed rounds.</param>
    /// <param name="prepare">Runs before each way and is not timed.</param>
    /// <param name="ways">Names and what to time; each gets the number of the round, warm-up included.</param>
    /// <returns>Milliseconds of each way, in the order given.</returns>
    public static Measurement[] Time(string group, int warmUp, int repeat, Action prepare, params (string Name, Action<int> Run)[] ways)
    {
        var samples = ways.Select(_ => new List<double>()).ToArray();
        for (var round = 0; round < warmUp + repeat; round++)
        {
            // The order turns, so that none always runs in the wake of the same other.
            foreach (var i in Enumerable.Range(0, ways.Length).Select(i => (i + round) % ways.Length))
            {
                prepare();
                GC.Collect(0, GCCollectionMode.Forced, blocking: true);
                var start = Stopwatch.GetTimestamp();
                ways[i].Run(round);
                if (round >= warmUp)
                {
                    samples[i].Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
                }
            }
        }

        return [.. ways.Select((w, i) => new Measurement(group, w.Name, "ms", samples[i]))];
    }
}

using Neoteny.Benchmarks.Harness;

namespace Neoteny.Benchmarks;

/// <summary>What a child process of this program runs: measurements that need a process of their own.</summary>
internal static class Children
{
    public static int Run(string[] args)
    {
        var result = args[0] switch
        {
            Steps.StepMemory.Name => Steps.StepMemory.Measure(args[1..]),
            Checkpoints.LoadMemoryBenchmark.ChildName => Checkpoints.LoadMemoryBenchmark.Measure(args[1]),
            Startup.PluginLoading.Name => Startup.PluginLoading.Measure(args[1]),
            Losses.HeadLossBenchmark.ChildName => Losses.HeadLossBenchmark.Measure(args[1..]),
            _ => throw new InputException($"There is no child measurement '{args[0]}'."),
        };
        Child.Answer(result);
        return 0;
    }
}

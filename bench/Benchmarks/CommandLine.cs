using System.Globalization;
using Neoteny.Benchmarks.Harness;

namespace Neoteny.Benchmarks;

/// <summary>Runs one benchmark: <c>NAME [--repeat N] [--output FOLDER]</c>.</summary>
internal static class CommandLine
{
    public static int Run(string[] args)
    {
        if (args is [Gpu.GpuStepCommand.Name, ..])
        {
            return Gpu.GpuStepCommand.Run(args[1..]);
        }

        if (args.Length == 0)
        {
            throw new InputException($"Name a benchmark: {string.Join(", ", Benchmarks.Select(b => b.Name))}, {Gpu.GpuStepCommand.Name}. Options: --repeat N, --output FOLDER.");
        }

        var benchmark = Benchmarks.FirstOrDefault(b => b.Name == args[0])
            ?? throw new InputException($"There is no benchmark '{args[0]}'. There are: {string.Join(", ", Benchmarks.Select(b => b.Name))}.");
        var (repeat, output) = (benchmark.DefaultRepeat, Path.Combine(Repository.Root, "bench", "results"));
        for (var i = 1; i < args.Length; i += 2)
        {
            var value = i + 1 < args.Length ? args[i + 1] : throw new InputException($"{args[i]} needs a value.");
            switch (args[i])
            {
                case "--repeat":
                    repeat = int.TryParse(value, CultureInfo.InvariantCulture, out var n) && n > 0 ? n : throw new InputException($"--repeat: '{value}' is not a positive whole number.");
                    break;
                case "--output":
                    output = value;
                    break;
                default:
                    throw new InputException($"There is no option '{args[i]}'. Options: --repeat N, --output FOLDER.");
            }
        }

        var report = benchmark.Run(repeat);
        ReportWriter.Write(report, benchmark.Name, output);
        return 0;
    }

    private static IReadOnlyList<IBenchmark> Benchmarks { get; } =
    [
        new Steps.StepBenchmark("step", Steps.StepCase.All),
        .. Steps.StepCase.All.Select(c => new Steps.StepBenchmark($"step-{c.Name}", [c])),
        new Checkpoints.SafetensorsBenchmark(),
        new Checkpoints.LoadMemoryBenchmark(),
        new Text.TokenizerBenchmark(),
        new Startup.StartupBenchmark(),
        new Swap.SwapBenchmark(),
        new Attention.AttentionBenchmark(),
        new Losses.HeadLossBenchmark(),
        new Cpu.CpuOperatorBenchmark(),
        new Gpu.KernelBenchmark(),
    ];
}

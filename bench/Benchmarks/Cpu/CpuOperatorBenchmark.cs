using Neoteny.Benchmarks.Harness;
using Neoteny.Benchmarks.Steps;
using Neoteny.Runtime.Cpu;
using Neoteny.Runtime.Native;
using static TorchSharp.torch;

namespace Neoteny.Benchmarks.Cpu;

/// <summary>Fused operators on the CPU against the plain compositions in TorchSharp. Each is compared before it is timed.</summary>
internal sealed class CpuOperatorBenchmark : IBenchmark
{
    private const int WarmUp = 10;
    private const double Tolerance = 2e-5;

    public string Name => "cpu-operators";

    public int DefaultRepeat => 20;

    public Report Run(int repeat)
    {
        LibTorch.Load();
        set_num_threads(StepSettings.Threads);
        RowLoop.Workers = StepSettings.Threads;
        manual_seed(1);
        using var cases = new CpuOperatorCases();
        var measurements = new List<Measurement>();
        foreach (var of in cases.All())
        {
            of.Prepare();
            if (of.Error() is var error && !(error < Tolerance))
            {
                throw new NeotenyException($"{of.Name} is off by {error:g3}; it is not timed.");
            }

            var times = Rounds.Time(of.Name, WarmUp, repeat, of.Prepare, ("Neoteny", _ => of.Own()), ("TorchSharp", _ => of.Plain()));
            measurements.AddRange(times);
            measurements.Add(Measurement.Ratio("times as fast as TorchSharp", times[1], times[0], of.Target));
        }

        return new Report
        {
            Title = "Operators on the CPU against plain TorchSharp",
            Method = $"Forward and backward in fp32 on {StepSettings.Threads} threads, both sides in one process in turns, results and gradients compared first (relative difference below "
                + $"{Tolerance:g1}). The plain side is the composition in TorchSharp with libtorch's autograd; ratios are taken round by round. Gates, turned heads and logits are written over, as in a model, and put back between the runs, untimed.",
            Measurements = measurements,
        };
    }
}

using Neoteny.Benchmarks.Harness;
using Neoteny.Benchmarks.Steps;
using Neoteny.Runtime.Native;
using TorchSharp;
using static TorchSharp.torch;

namespace Neoteny.Benchmarks.Losses;

/// <summary>Head and loss on the CPU against plain TorchSharp: time and peak memory.</summary>
internal sealed class HeadLossBenchmark : IBenchmark
{
    /// <summary>The child's name.</summary>
    public const string ChildName = "head-loss-memory";

    private const string Peak = "peak";
    private const int WarmUp = 2;
    private const double Tolerance = 1e-5;

    public string Name => "cpu-losses";

    public int DefaultRepeat => 15;

    public Report Run(int repeat)
    {
        LibTorch.Load();
        set_num_threads(StepSettings.Threads);
        List<Measurement> measurements = [];
        foreach (var trains in new[] { true, false })
        {
            using var scope = NewDisposeScope();
            using var of = new HeadLossCase(trains);
            Compare(of);
            var group = trains ? "head trained" : "head frozen";
            var times = Rounds.Time(group, WarmUp, repeat, [.. HeadLossCase.Ways.Select(w => (w.Key, (Action<int>)(_ => w.Value(of).Hidden.Dispose())))]);
            measurements.AddRange(times);
            measurements.AddRange(times.Skip(1).Select(t => Measurement.Ratio($"{t.Name}: times as fast", times[0], t, t.Name == "cut_cross_entropy" ? "at least 1" : null)));
            var memory = HeadLossCase.Ways.Keys.Select(w => new Measurement(group, $"{w}: peak memory", "MB", [Child.Run(ChildName, w, $"{trains}")[Peak][0] / 1e6])).ToList();
            measurements.AddRange(memory);
            measurements.AddRange(memory.Skip(1).Select(m => Measurement.Ratio($"{m.Name}, of TorchSharp's", m, memory[0], m.Name.StartsWith("cut_cross_entropy:", StringComparison.Ordinal) ? "at most 0.1" : null)));
        }

        return new Report
        {
            Title = "Head and cross-entropy on the CPU",
            Method = $"Forward and backward of head and loss in fp32, V=32000, H=512, 1024 tokens, {StepSettings.Threads} threads; results are compared before anything is timed. "
                + "Peak memory is that of two calls in a process of its own, less what it held before (libtorch, inputs, code that has run on a tiny case) and the head's gradient (65.5 MB), which every way returns.",
            Measurements = measurements,
        };
    }

    /// <summary>What the child does.</summary>
    public static IReadOnlyDictionary<string, double[]> Measure(string[] args)
    {
        LibTorch.Load();
        set_num_threads(StepSettings.Threads);
        var (way, trains) = (HeadLossCase.Ways[args[0]], bool.Parse(args[1]));
        using (var tiny = new HeadLossCase(trains, tokens: 300, hidden: 16, vocabulary: 2000))
        {
            way(tiny).Hidden.Dispose();
        }

        using var of = new HeadLossCase(trains);
        GC.Collect();
        var before = ResidentMemory.Now;
        ResidentMemory.ForgetPeak();
        for (var i = 0; i < 2; i++)
        {
            way(of).Hidden.Dispose();
            GC.Collect();
        }

        return new Dictionary<string, double[]> { [Peak] = [ResidentMemory.Peak - before - of.GradientBytes] };
    }

    private static void Compare(HeadLossCase of)
    {
        var (expected, hidden) = HeadLossCase.Ways.First().Value(of);
        foreach (var (name, way) in HeadLossCase.Ways.Skip(1))
        {
            var (loss, gradient) = way(of);
            var off = Math.Max(Math.Abs(loss - expected) / expected, RelativeError.Of(hidden, gradient));
            if (!(off < Tolerance))
            {
                throw new NeotenyException($"{name} differs from plain TorchSharp by {off:g3}.");
            }
        }
    }
}

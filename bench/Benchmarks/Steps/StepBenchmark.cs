using Neoteny.Benchmarks.Harness;
using Neoteny.Benchmarks.Plain;
using Neoteny.Runtime.Native;
using static TorchSharp.torch;

namespace Neoteny.Benchmarks.Steps;

/// <summary>One training step against the same model in plain TorchSharp: time in one process, peak memory in two.</summary>
/// <param name="name">The benchmark's name.</param>
/// <param name="cases">The kinds of step it measures.</param>
internal sealed class StepBenchmark(string name, IReadOnlyList<StepCase> cases) : IBenchmark
{
    private const int WarmUp = 8;
    private const int ComparedSteps = 5;
    private const double LossTolerance = 1e-4;
    private const int MemoryRuns = 3;

    public string Name => name;

    public int DefaultRepeat => 30;

    public Report Run(int repeat)
    {
        LibTorch.Load();
        set_num_threads(StepSettings.Threads);
        var (measurements, notes) = (new List<Measurement>(), new List<string>());
        foreach (var of in cases)
        {
            Run(of, repeat, measurements, notes);
        }

        return new Report
        {
            Title = "One training step of the example model against plain TorchSharp",
            Method = $"Forward, backward, clipping and AdamW over a row of 1024 tokens in fp32 on {StepSettings.Threads} threads, both sides in one process in turns "
                + $"from the same weights, losses compared over the first {ComparedSteps} steps. The plain side is timed in each sensible layout of the documents and ratios are "
                + "taken against its fastest, round by round; peak memory is that of a process of its own, less libtorch and the data.",
            Measurements = measurements,
            Notes = notes,
        };
    }

    private static void Run(StepCase of, int repeat, List<Measurement> measurements, List<string> notes)
    {
        var layouts = of.IsPacked ? Enum.GetValues<PlainLayout>() : [PlainLayout.Padded];
        using var own = new NeotenyStep(of);
        var plain = layouts.Select(l => new TorchSharpStep(of, l, own.Weight)).ToArray();
        notes.Add($"{of.Name}: {Documents(of)}; losses of the first steps {CompareLosses(of, own, plain)}");
        var times = Rounds.Time(
            of.Name, WarmUp, repeat,
            [("Neoteny", i => own.Run(i)), .. plain.Zip(layouts, (step, layout) => ($"TorchSharp, {Words(layout)}", (Action<int>)(i => step.Run(i))))]);
        foreach (var step in plain)
        {
            step.Dispose();
        }

        var fastest = Enumerable.Range(1, layouts.Length).MinBy(i => times[i].P50);
        measurements.AddRange(times);
        measurements.Add(Measurement.Ratio("times as fast as TorchSharp at its fastest", times[fastest], times[0], "at least 1.3"));
        var (ownPeaks, plainPeaks) = (new List<double>(), new List<double>());
        for (var i = 0; i < MemoryRuns; i++)
        {
            ownPeaks.Add(StepMemory.Of(of, null));
            plainPeaks.Add(StepMemory.Of(of, layouts[fastest - 1]));
        }

        var ownPeak = new Measurement(of.Name, "peak memory, Neoteny", "MB", ownPeaks);
        var plainPeak = new Measurement(of.Name, $"peak memory, TorchSharp, {Words(layouts[fastest - 1])}", "MB", plainPeaks);
        measurements.AddRange([ownPeak, plainPeak, Measurement.Ratio("peak memory, Neoteny / TorchSharp", ownPeak, plainPeak, "at most 0.8")]);
    }

    private static string Documents(StepCase of)
    {
        var rows = of.Rows();
        return $"{rows.Average(r => r.Count):f1} documents and {rows.Average(r => r.Sum(d => d.TrainedTokens)):f0} trained of {rows.Average(r => r.Sum(d => d.Length)):f0} tokens a row";
    }

    private static string CompareLosses(StepCase of, NeotenyStep own, TorchSharpStep[] plain)
    {
        var losses = new List<string>();
        for (var i = 0; i < ComparedSteps; i++)
        {
            var loss = own.Run(i);
            foreach (var other in plain.Select(p => p.Run(i)))
            {
                if (!(Math.Abs(loss - other) <= LossTolerance))
                {
                    throw new NeotenyException($"{of.Name}: the loss of step {i + 1} is {loss} here and {other} in plain TorchSharp; nothing is timed before they agree.");
                }

                losses.Add($"{loss:f5} and {other:f5}");
            }
        }

        return string.Join(", ", losses.Where((_, i) => i % plain.Length == 0));
    }

    private static string Words(PlainLayout layout) => layout switch
    {
        PlainLayout.Masked => "block-diagonal mask",
        PlainLayout.Split => "attention by document",
        _ => "padded rows",
    };
}

using System.Diagnostics;
using Neoteny.Autograd;
using Neoteny.Batches;
using Neoteny.Benchmarks.Harness;
using Neoteny.Runtime.Cuda;
using Neoteny.Training.Loop;

namespace Neoteny.Benchmarks.Gpu;

/// <summary>Measures one kind of step.</summary>
internal sealed class GpuStepRun(GpuCase of, int repeat)
{
    private const int WarmUp = 4;
    private const int HostWarmUp = 100;
    private const int FreshWarmUp = 24;
    private const int Profiled = 3;
    private const int HostSteps = 20;
    private const int HostTokens = 16;
    private const double LearningRate = 1e-5;
    private const double PeakRate = 989e12;
    private const double Gibi = 1 << 30;

    private readonly List<Measurement> measurements = [];
    private readonly List<string> notes = [];
    private int step;

    /// <summary>Measures time, memory, the parts of a step, and the host.</summary>
    public Report Run()
    {
        var device = CudaDevice.Get(0);
        DeviceMemory.ReleaseUnused();
        using var training = new GpuTraining(of);
        Time(training, device);
        Break(training, device);
        MeasureHost(training);
        return new Report
        {
            Title = $"A training step on the GPU: {of.Name}",
            Method = $"Random bf16 weights and tokens, every token trained; forward, backward, gradient norm, AdamW ({Words(of)}), no clipping, no dropout, attention by {of.Attention}{Plugins(of)}{(of.Captures ? ", layers as CUDA graphs" : "")}. Time is between events at the ends of "
                + $"successive steps, {repeat} of them after {Warm} to warm up, host included. MFU6 = (6 N T + 12 layers heads head_size sum(length^2) / 2) / time / 989 TFLOP/s, N the weights "
                + "in matrix products with the head; recomputation is not counted. Peak is the maximum of libtorch's allocator.",
            Measurements = measurements,
            Notes = [.. training.Notes, $"Device: {device.Name}, compute capability {device.Capability}, {device.TotalMemory / Gibi:f0} GiB", .. notes],
        };
    }

    private int Warm => of.Layout.Name == "fresh" ? FreshWarmUp : WarmUp;

    private void Time(GpuTraining training, CudaDevice device)
    {
        var runner = new StepRunner(training.Decoder, training.Optimizer) { Tapes = r => new TapeOptions { Seed = r.Seed, Regions = training.Regions } };
        CudaEvent[] ends = [.. Enumerable.Range(0, repeat + 1).Select(_ => new CudaEvent(device, timing: true))];
        List<double> host = [], rates = [], use = [];
        List<double> losses = [];
        List<MicroBatch> rows = [.. Enumerable.Range(0, Warm + repeat).Select(i => training.Row(of.Layout.Lengths(i), i % 4))];
        for (var i = 0; i < Warm; i++)
            losses.Add(runner.Run([rows[i]], step++, LearningRate).Loss);
        TorchSharp.torch.cuda.synchronize();
        DeviceMemory.ResetPeak(device.Index);
        ends[0].Record();
        List<PendingOutcome> pending = [];
        for (var i = 0; i < repeat; i++)
        {
            var start = Stopwatch.GetTimestamp();
            pending.Add(runner.Start([rows[Warm + i]], step++, LearningRate));
            host.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            ends[i + 1].Record();
            GC.Collect(0, GCCollectionMode.Forced, blocking: true);
        }

        losses.AddRange(pending.Select(p => p.Read().Loss));
        pending.ForEach(p => p.Dispose());
        double[] times = [.. Enumerable.Range(0, repeat).Select(i => ends[i + 1].MillisecondsSince(ends[i]))];
        for (var i = 0; i < repeat; i++)
        {
            var layout = rows[Warm + i].Layout;
            rates.Add(layout.Tokens / times[i] * 1e3);
            use.Add(Work(training, layout.QueryLengths) / (times[i] / 1e3) / PeakRate * 100);
        }

        var memory = DeviceMemory.Use(device.Index);
        var (free, total) = device.Memory();
        measurements.AddRange(
        [
            new Measurement("step", "time", "ms", times),
            new Measurement("step", "tokens", "1/s", rates),
            new Measurement("step", "MFU6", "%", use),
            new Measurement("step", "host issues a step", "ms", host),
            new Measurement("memory", "peak of the allocator", "GiB", [memory.PeakAllocated / Gibi]),
            new Measurement("memory", "reserved by the allocator", "GiB", [memory.PeakReserved / Gibi]),
            new Measurement("memory", "in use on the device", "GiB", [(total - free) / Gibi]),
        ]);
        notes.Add($"Losses of the first steps: {string.Join(", ", losses.Take(6).Select(l => l.ToString("f4", System.Globalization.CultureInfo.InvariantCulture)))}");
        rows.ForEach(r => r.Dispose());
        Array.ForEach(ends, e => e.Dispose());
    }

    private void Break(GpuTraining training, CudaDevice device)
    {
        using var times = new OperatorTimes(device);
        var runner = new StepRunner(training.Decoder, training.Optimizer) { Tapes = r => new TapeOptions { Seed = r.Seed, Profiler = times } };
        var all = new Dictionary<string, List<double>>();
        var calls = new Dictionary<string, int>();
        for (var i = 0; i < Profiled; i++)
        {
            using var row = training.Row(of.Layout.Lengths(i), i);
            using var pending = runner.Start([row], step++, LearningRate);
            times.End();
            foreach (var (name, (milliseconds, count)) in times.Read())
            {
                if (!all.TryGetValue(name, out var samples))
                    all[name] = samples = [];
                samples.Add(milliseconds);
                calls[name] = count;
            }
        }

        measurements.AddRange(all.OrderByDescending(a => a.Value.Max()).Select(a => new Measurement("operators", $"{a.Key} x{calls[a.Key]}", "ms", a.Value)));
    }

    private void MeasureHost(GpuTraining training)
    {
        var layers = new LayerHostTimes();
        var operators = new OperatorHostTimes();
        OperatorHostTimes? listening = null;
        var runner = new StepRunner(training.Decoder, training.Optimizer) { Tapes = r => new TapeOptions { Seed = r.Seed, Observers = [layers], Profiler = listening, Regions = training.Regions } };
        using var row = training.Row([HostTokens], 1);
        List<double> forward = [], backward = [], both = [], steps = [];
        for (var i = 0; i < HostWarmUp + HostSteps; i++)
        {
            var start = Stopwatch.GetTimestamp();
            using var pending = runner.Start([row], step++, LearningRate);
            steps.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            TorchSharp.torch.cuda.synchronize();
            forward.Add(layers.Mean(SegmentPass.Forward));
            backward.Add(layers.Mean(SegmentPass.Backward));
            both.Add(layers.Mean());
            GC.Collect(0, GCCollectionMode.Forced, blocking: true);
        }

        listening = operators;
        runner.Run([row], step++, LearningRate);
        operators.Clear();
        runner.Run([row], step++, LearningRate);
        notes.Add($"Host time of an operator's call at {HostTokens} tokens: {operators.Words()}");
        measurements.AddRange(
        [
            new Measurement("host, 16 tokens", "a layer forward", "us", [.. forward.Skip(HostWarmUp)]),
            new Measurement("host, 16 tokens", "a layer backward", "us", [.. backward.Skip(HostWarmUp)]),
            new Measurement("host, 16 tokens", "a layer forward and backward", "us", [.. both.Skip(HostWarmUp)], "under 250"),
            new Measurement("host, 16 tokens", "a step", "ms", [.. steps.Skip(HostWarmUp)]),
        ]);
    }

    private static double Work(GpuTraining training, IReadOnlyList<int> lengths)
    {
        var squares = lengths.Sum(l => (double)l * l);
        return (6 * training.ProductWeights * lengths.Sum()) + (12 * training.Model.Spec.Kernels.Sum(k => (double)k.QueryHeads * k.HeadSize) * squares / 2);
    }

    private static string Plugins(GpuCase of) => of.With switch { "none" => "", "liger" => ", Liger's modules", "cce" => ", cut cross-entropy", _ => ", Liger's modules, cut cross-entropy" };

    private static string Words(GpuCase of) => (of.IsAdapted, of.State) switch
    {
        (true, _) => "LoRA of rank 16 on all linear modules",
        (_, GpuState.Bf16) => "weights and moments in bf16, stochastic rounding",
        (_, GpuState.Master) => "bf16 weights with fp32 masters and moments",
        _ => "stochastically rounded bf16 weights with fp32 moments",
    };
}

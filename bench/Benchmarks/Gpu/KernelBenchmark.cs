using Neoteny.Autograd;
using Neoteny.Benchmarks.Harness;
using Neoteny.Runtime.Cuda;
using TorchSharp;
using static TorchSharp.torch;

namespace Neoteny.Benchmarks.Gpu;

/// <summary>Operators by themselves, against the device's own rates.</summary>
internal sealed class KernelBenchmark : IBenchmark
{
    private const int WarmUp = 3;

    /// <summary>Large products find their algorithms in their first uses.</summary>
    private const int ProductWarmUp = 8;

    /// <summary>Milliseconds before a product: those before it leave the device at its power limit.</summary>
    private const int Rest = 1000;
    private const long Square = 8192;
    private const long CopyElements = 2L << 30;

    public string Name => "gpu-kernels";

    public int DefaultRepeat => 15;

    public Report Run(int repeat)
    {
        Runtime.Native.LibTorch.Load();
        if (!cuda.is_available())
            throw new InputException("The benchmark 'gpu-kernels' needs a CUDA device, and there is none. See eng/gpu-bundle.sh for running on another machine.");
        var device = CudaDevice.Get(0);
        using var guard = no_grad();
        using var scope = NewDisposeScope();
        var (left, right) = (randn(Square, Square, dtype: ScalarType.BFloat16, device: CUDA), randn(Square, Square, dtype: ScalarType.BFloat16, device: CUDA));
        var product = Measure("device", $"matrix product {Square} cubed", device, repeat, () => left.mm(right).Dispose());
        using var from = randn(CopyElements / 2, dtype: ScalarType.BFloat16, device: CUDA);
        using var to = empty_like(from);
        var copy = Measure("device", "copy of 2 GiB", device, repeat, () => to.copy_(from));
        var (operations, bytes) = (2 * Math.Pow(Square, 3) / product.P50, 2.0 * CopyElements / copy.P50);
        List<Measurement> measurements = [product, copy];
        using var cases = new KernelCases();
        foreach (var of in cases.All())
        {
            var (forward, both, peak, error) = Time(of, device, repeat);
            var rate = of.IsProduct ? operations : bytes;
            measurements.Add(new Measurement(of.Name, "forward", "ms", forward));
            measurements.Add(new Measurement(of.Name, "forward and backward", "ms", both));
            measurements.Add(new Measurement(of.Name, of.IsProduct ? "of the product's rate" : "of the copy's rate", "%",
                [.. both.Select(b => 100 * (of.Forward + of.Backward) / rate / b)]));
            measurements.Add(new Measurement(of.Name, "peak memory beyond the inputs", "MiB", peak));
            if (error is not null)
                measurements.Add(new Measurement(of.Name, "relative error of the hidden gradient", "1e-3", [1e3 * error.Value]));
        }

        return new Report
        {
            Title = "Operators on the GPU",
            Method = "8192 tokens in bf16; times of the device by events around the operator, the host ahead of it, and of products after a second of rest. Shares are the bytes read and written at least (of products: the operations) "
                + "over the time and over the rate of a copy (a product) on the same device. Peak memory is the allocator's, results included. "
                + "Heads have weights of spread 0.02, so that logits are those of a fresh model; the error of the hidden gradient is against fp32 from the same inputs.",
            Measurements = measurements,
            Notes = [$"Device: {device.Name}; copy {bytes / 1e9:f2} TB/s, product {operations / 1e9:f0} TFLOP/s"],
        };
    }

    private static Measurement Measure(string group, string name, CudaDevice device, int repeat, Action action)
    {
        using var timer = new DeviceTimer(device);
        double[] samples = [.. Enumerable.Range(0, WarmUp + repeat).Select(_ => timer.Milliseconds(action))];
        return new Measurement(group, name, "ms", samples[WarmUp..]);
    }

    private static (List<double> Forward, List<double> Both, List<double> Peak, double? Error) Time(KernelCase of, CudaDevice device, int repeat)
    {
        using var scope = NewDisposeScope();
        using var times = new OperatorTimes(device);
        using var wait = new DeviceWait();
        var (inputs, gradients) = (of.Make(), (Tensor[]?)null);
        var (forward, both, peak, error) = (new List<double>(), new List<double>(), new List<double>(), (double?)null);
        var warmUp = of.IsProduct ? ProductWarmUp : WarmUp;
        if (of.IsProduct)
            Thread.Sleep(Rest);
        for (var i = 0; i < warmUp + repeat; i++)
        {
            of.Before?.Invoke();
            wait.Start();
            var before = DeviceMemory.Use(device.Index).Allocated;
            DeviceMemory.ResetPeak(device.Index);
            using var tape = new Tape(new TapeOptions { Profiler = times });
            Value[] values = [.. inputs.Select(tape.Input)];
            var outputs = of.Apply(tape, values);
            gradients ??= [.. outputs.Select(o => o.Tensor.dim() == 0 ? ones([], device: CUDA) : randn(o.Tensor.shape, dtype: ScalarType.BFloat16, device: CUDA))];
            for (var o = 0; o < outputs.Length; o++)
                tape.AddLoss(outputs[o], gradients[o]);
            tape.Backward();
            times.End();
            var together = times.Together(of.Operator);
            var read = times.Read();
            if (i >= warmUp)
            {
                forward.Add(read[$"{of.Operator} forward"].Milliseconds);
                both.Add(together);
                peak.Add((DeviceMemory.Use(device.Index).PeakAllocated - before) / (double)(1 << 20));
            }

            if (of.Exact is not null && error is null)
            {
                using var exact = of.Exact(inputs);
                error = RelativeError.Of(exact, tape.GradientOf(values[0])!);
            }
        }

        return (forward, both, peak, error);
    }
}

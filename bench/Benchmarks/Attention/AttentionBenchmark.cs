using System.Diagnostics;
using Neoteny.Attention;
using Neoteny.Benchmarks.Harness;
using Neoteny.Plugins.Flash;
using Neoteny.Plugins.Flex;
using Neoteny.Plugins.Sdpa;
using Neoteny.Plugins.Xformers;
using Neoteny.Runtime.Cuda;
using TorchSharp;
using static TorchSharp.torch;

namespace Neoteny.Benchmarks.Attention;

/// <summary>Rates of the attention kernels on a CUDA device. Each is compared with the plain reference on the same row before it is timed.</summary>
internal sealed class AttentionBenchmark : IBenchmark
{
    private const int FreshLayers = 8;
    private const int WarmUp = 4;
    private const int FreshWarmUp = 24;
    private const double Tolerance = 2e-2;

    private static readonly (string Name, IAttention Kernel)[] Kernels =
    [
        ("sdpa", new SdpaAttention()), ("flash_attention_2", new FlashAttention2()), ("flash_attention_3", new FlashAttention3()), ("xformers", new XformersAttention()),
        ("flex_attention", new FlexAttention(new FlexOptions())),
    ];

    public string Name => "attention";

    public int DefaultRepeat => 12;

    public Report Run(int repeat)
    {
        Runtime.Native.LibTorch.Load();
        if (!cuda.is_available())
        {
            throw new InputException("The benchmark 'attention' needs a CUDA device, and there is none. See eng/gpu-bundle.sh for running on another machine.");
        }

        List<Measurement> measurements = [];
        List<string> notes = [$"Device: {CudaDevice.Get(0).Name}, CUDA {CudaLibraries.Runtime}, cuDNN {CudaLibraries.CuDnn}"];
        foreach (var shape in AttentionShape.All)
        {
            foreach (var (name, kernel) in Kernels)
            {
                if (kernel.Refuses(shape.Spec, ScalarType.BFloat16, CUDA) is { } reason)
                {
                    notes.Add($"{name} does not run here: {reason}");
                    continue;
                }

                using var scope = NewDisposeScope();
                using var guard = no_grad();
                var group = $"{shape.Name}, D={shape.HeadSize}, {AttentionShape.QueryHeads}/{shape.KeyHeads} heads";
                var rates = Time(shape, kernel, repeat, out var error);
                measurements.Add(new Measurement(group, $"{name} forward", "TFLOP/s", rates.Forward));
                measurements.Add(new Measurement(group, $"{name} forward+backward", "TFLOP/s", rates.Both));
                Console.WriteLine($"{group}: {name} {measurements[^2].P50:f0} / {measurements[^1].P50:f0} (slowest {rates.Both.Min():f0}), error {error:g2}");
            }
        }

        return new Report
        {
            Title = "Attention kernels",
            Method = $"bf16, {AttentionShape.QueryHeads} query heads, one row of {AttentionShape.Tokens} tokens, causal. A sample is one layer, between events, the host ahead of it. Lengths called fresh are "
                + $"other ones in every step, after {FreshWarmUp} steps: there a sample is a step of {FreshLayers} layers between two synchronisations of the device, host time included. Work is 4 H D sum(len^2) / 2 operations forward and 3.5 times that with backward.",
            Measurements = measurements,
            Notes = notes,
        };
    }

    private static (double[] Forward, double[] Both) Time(AttentionShape shape, IAttention kernel, int repeat, out double error)
    {
        Tensor Random(int heads) => randn(AttentionShape.Tokens, heads, shape.HeadSize, dtype: ScalarType.BFloat16, device: CUDA);
        manual_seed(1);
        var warmUp = shape.IsFresh ? FreshWarmUp : WarmUp;
        var (q, k, v, gradient) = (Random(AttentionShape.QueryHeads), Random(shape.KeyHeads), Random(shape.KeyHeads), Random(AttentionShape.QueryHeads));
        var layouts = Enumerable.Range(0, warmUp + repeat).Select(i => SequenceLayout.Of(shape.Lengths(i), CUDA)).ToArray();
        AttentionInput Input(SequenceLayout layout) => new() { Query = q, Key = k, Value = v, Layout = layout, Spec = shape.Spec, NeedsBackward = true };
        error = AttentionComparison.Error(kernel, Input(layouts[0]), gradient);
        if (!(error < Tolerance))
        {
            throw new NeotenyException($"{kernel.GetType().Name} is off by {error:g3} on {shape.Name} with head size {shape.HeadSize}; it is not timed.");
        }

        using var timer = new DeviceTimer(CudaDevice.Get(0));
        using var wait = new DeviceWait();
        double OnDevice(Action layer)
        {
            wait.Start();
            return timer.Milliseconds(layer) / 1e3;
        }

        var (forward, both) = (new List<double>(), new List<double>());
        for (var i = 0; i < layouts.Length; i++)
        {
            using var layout = layouts[i];
            var input = Input(layout);
            var work = AttentionShape.ForwardWork(layout.QueryLengths, shape.HeadSize);
            var (first, second) = shape.IsFresh
                ? (PerLayer(() => Layer(kernel, input, null)), PerLayer(() => Layer(kernel, input, gradient)))
                : (OnDevice(() => Layer(kernel, input, null)), OnDevice(() => Layer(kernel, input, gradient)));
            if (i >= warmUp)
            {
                forward.Add(work / first);
                both.Add(3.5 * work / second);
            }
        }

        return ([.. forward], [.. both]);
    }

    private static void Layer(IAttention kernel, AttentionInput input, Tensor? gradient)
    {
        using var scope = NewDisposeScope();
        var output = kernel.Forward(input);
        if (gradient is not null)
        {
            kernel.Backward(new AttentionBackward { Input = input, Output = output.Output, LogSumExp = output.LogSumExp, OutputGradient = gradient, Saved = output.Saved });
        }
    }

    /// <summary>Seconds of a layer in a step of several, with the host's time.</summary>
    private static double PerLayer(Action layer)
    {
        cuda.synchronize();
        var start = Stopwatch.GetTimestamp();
        for (var i = 0; i < FreshLayers; i++)
        {
            layer();
        }

        cuda.synchronize();
        return Stopwatch.GetElapsedTime(start).TotalSeconds / FreshLayers;
    }
}

using Neoteny.Benchmarks.Harness;
using Neoteny.Benchmarks.Plain;
using Neoteny.Models.Checkpoints;
using Neoteny.Runtime.Native;
using static TorchSharp.torch;

namespace Neoteny.Benchmarks.Steps;

/// <summary>The memory that one side's steps take, measured in a process of its own.</summary>
/// <remarks>Peak resident memory of all steps less what was resident with libtorch loaded, the data read and no model made.</remarks>
internal static class StepMemory
{
    public const string Name = "step-memory";

    /// <summary>The answer's peaks, in bytes.</summary>
    public const string Peak = "peak";

    private const int Steps = 12;

    /// <summary>Runs a child for one side.</summary>
    /// <param name="of">The kind of step.</param>
    /// <param name="layout">The plain side's layout; null measures Neoteny.</param>
    /// <returns>The peak in MB.</returns>
    public static double Of(StepCase of, PlainLayout? layout) => Child.Run(Name, of.Name, layout?.ToString() ?? "")[Peak][0] / 1e6;

    /// <summary>What the child does.</summary>
    public static IReadOnlyDictionary<string, double[]> Measure(string[] args)
    {
        LibTorch.Load();
        set_num_threads(StepSettings.Threads);
        var of = StepCase.All.First(c => c.Name == args[0]);
        PlainLayout? layout = args[1].Length == 0 ? null : Enum.Parse<PlainLayout>(args[1]);
        using (var warm = ones(256, 256))
        {
            warm.mm(warm).Dispose();
        }

        _ = of.Rows();
        GC.Collect();
        var before = ResidentMemory.Now;
        ResidentMemory.ForgetPeak();
        using var step = Create(of, layout);
        for (var i = 0; i < Steps; i++)
        {
            step.Run(i);
            GC.Collect(0, GCCollectionMode.Forced, blocking: true);
        }

        return new Dictionary<string, double[]> { [Peak] = [ResidentMemory.Peak - before] };
    }

    private static IStep Create(StepCase of, PlainLayout? layout)
    {
        if (layout is null)
        {
            return new NeotenyStep(of);
        }

        using var checkpoint = CheckpointReader.Open(Repository.ExampleModel);
        return new TorchSharpStep(of, layout.Value, n => checkpoint.Contains(n) ? checkpoint.Read(n, ScalarType.Float32) : null);
    }
}

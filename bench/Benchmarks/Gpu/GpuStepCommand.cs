using System.Globalization;
using Neoteny.Benchmarks.Harness;
using Neoteny.Runtime.Native;
using TorchSharp;

namespace Neoteny.Benchmarks.Gpu;

/// <summary>
/// <c>gpu-step [--shape A,B] [--layout dense,packed,fresh,short] [--mode full,lora] [--state bf16,master,stochastic] [--layers N]
/// [--attention flash_attention_3,sdpa] [--with none,liger,cce,liger+cce] [--graphs false,true] [--repeat N] [--output FOLDER]</c>: every combination, one after another.
/// </summary>
internal static class GpuStepCommand
{
    public const string Name = "gpu-step";

    public static int Run(string[] args)
    {
        var options = Read(args);
        LibTorch.Load();
        if (!torch.cuda.is_available())
            throw new InputException("The benchmark 'gpu-step' needs a CUDA device, and there is none. See eng/gpu-bundle.sh for running on another machine.");
        var repeat = Number(options, "--repeat") ?? 10;
        var failed = 0;
        foreach (var of in Cases(options))
        {
            try
            {
                Console.WriteLine($"== {of.Name}");
                ReportWriter.Write(new GpuStepRun(of, repeat).Run(), $"{Name}-{of.Name}", options.GetValueOrDefault("--output", Path.Combine(Repository.Root, "bench", "results")));
            }
            catch (Exception e) when (e is NeotenyException or System.Runtime.InteropServices.ExternalException or InvalidOperationException or ArgumentException)
            {
                // The other cases are still worth their time on the device.
                Console.WriteLine($"{of.Name} failed: {e}");
                failed++;
            }

            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        return failed == 0 ? 0 : 1;
    }

    private static IEnumerable<GpuCase> Cases(Dictionary<string, string> options) =>
        from shape in List(options, "--shape", "llama-1b").Select(n => Find(GpuShape.All, n, s => s.Name, "--shape"))
        from layout in List(options, "--layout", "dense").Select(n => Find(GpuLayout.All, n, l => l.Name, "--layout"))
        from mode in List(options, "--mode", "full").Select(n => Find(["full", "lora"], n, m => m, "--mode"))
        from state in List(options, "--state", "bf16").Select(n => Find(Enum.GetValues<GpuState>(), n, s => s.ToString().ToLowerInvariant(), "--state"))
        from attention in List(options, "--attention", GpuKernels.UsualAttention).Select(n => Find([.. GpuKernels.Attention.Keys], n, a => a, "--attention"))
        from set in List(options, "--with", GpuKernels.Sets[0]).Select(n => Find(GpuKernels.Sets, n, s => s, "--with"))
        from graphs in List(options, "--graphs", "false").Select(n => Find(["false", "true"], n, g => g, "--graphs"))
        select new GpuCase(shape, layout, mode == "lora", state, Number(options, "--layers"), attention, set, graphs == "true");

    private static string[] List(Dictionary<string, string> options, string name, string otherwise) => options.GetValueOrDefault(name, otherwise).Split(',');

    private static T Find<T>(IReadOnlyList<T> all, string name, Func<T, string> nameOf, string option)
        => all.Where(a => nameOf(a) == name).Select(a => (Found: true, Value: a)).FirstOrDefault() is { Found: true } found ? found.Value
            : throw new InputException($"{option}: there is no '{name}'. There are: {string.Join(", ", all.Select(nameOf))}.");

    private static int? Number(Dictionary<string, string> options, string name)
        => !options.TryGetValue(name, out var text) ? null
            : int.TryParse(text, CultureInfo.InvariantCulture, out var number) && number > 0 ? number : throw new InputException($"{name}: '{text}' is not a positive whole number.");

    private static Dictionary<string, string> Read(string[] args)
    {
        string[] known = ["--shape", "--layout", "--mode", "--state", "--layers", "--attention", "--with", "--graphs", "--repeat", "--output"];
        var options = new Dictionary<string, string>();
        for (var i = 0; i < args.Length; i += 2)
        {
            if (!known.Contains(args[i]))
                throw new InputException($"There is no option '{args[i]}'. Options: {string.Join(", ", known)}.");
            options[args[i]] = i + 1 < args.Length ? args[i + 1] : throw new InputException($"{args[i]} needs a value.");
        }

        return options;
    }
}

using System.Reflection;

namespace Neoteny.Runtime.Cuda;

/// <summary>A <c>.cu</c> file with kernels, compiled for the device at hand when one of them is first launched.</summary>
/// <remarks>
/// <para>
/// A file <c>SwiGlu.cu</c> next to the class <c>SwiGlu</c> is embedded in the assembly by the plugin targets; three lines declare a kernel:
/// <c>static readonly CudaSource Source = CudaSource.Beside(typeof(SwiGlu));</c>,
/// <c>static readonly CudaKernel Forward = Source.Kernel("swiglu_forward");</c>,
/// <c>Forward.Launch(new LaunchShape(rows, 256), gateUp, output, columns);</c>.
/// </para>
/// <para>
/// Sources may <c>#include "neoteny.cuh"</c> (bf16 and fp16 conversions, 16-byte loads, warp and block sums); no CUDA headers are at hand
/// at run time. Kernels are <c>extern "C"</c>. With <c>NEOTENY_CUDA_DEBUG=line</c> code carries line information for compute-sanitizer and profilers,
/// with <c>NEOTENY_CUDA_DEBUG=full</c> it is not optimized and has debug information.
/// </para>
/// <para>Instances are thread-safe and meant to be static. The code stays loaded until the process ends.</para>
/// </remarks>
public sealed class CudaSource
{
    private const string Suffix = ".cu";
    private static readonly Lazy<string> Prelude = new(() => ReadResource(typeof(CudaSource).Assembly, "neoteny.cuh"));

    private readonly Lock gate = new();
    private readonly Dictionary<int, CudaModule> modules = [];
    private readonly Dictionary<string, CudaSource> variants = [];

    /// <summary>A source from a text.</summary>
    /// <param name="name">A file name for messages, such as <c>SwiGlu.cu</c>.</param>
    /// <param name="text">CUDA C++.</param>
    public CudaSource(string name, string text) => (Name, Text) = (name, text);

    /// <summary>The file's name.</summary>
    public string Name { get; }

    /// <summary>The source.</summary>
    public string Text { get; }

    /// <summary>Options of the compiler, without the architecture.</summary>
    public IReadOnlyList<string> Options { get; init; } = ["--std=c++17", "--use_fast_math"];

    /// <summary>Whether it uses instructions of one GPU generation only (WGMMA, TMA): then it is compiled for <c>sm_90a</c> instead of <c>sm_90</c>.</summary>
    public bool IsArchitectureSpecific { get; init; }

    /// <summary>The file <c>Type.cu</c> that lies next to the class <c>Type</c> and is embedded in its assembly.</summary>
    /// <param name="type">The class.</param>
    /// <exception cref="InvalidOperationException">The assembly has no such file; the message lists those that it has.</exception>
    public static CudaSource Beside(Type type) => Embedded(type.Assembly, type.Name + Suffix);

    /// <summary>An embedded <c>.cu</c> file.</summary>
    /// <param name="assembly">The assembly that carries it.</param>
    /// <param name="file">The file's name without folders.</param>
    /// <exception cref="InvalidOperationException">The assembly has no such file, or several.</exception>
    public static CudaSource Embedded(Assembly assembly, string file) => new(file, ReadResource(assembly, file));

    /// <summary>A kernel of this source.</summary>
    /// <param name="function">The <c>extern "C"</c> function's name. That it exists shows at the first launch.</param>
    public CudaKernel Kernel(string function) => new(this, function);

    /// <summary>This source with a macro defined, compiled on its own; asked for twice it is the same object.</summary>
    /// <param name="macro">The macro's name.</param>
    /// <param name="value">Its value, spelled as in C++.</param>
    public CudaSource With(string macro, string value)
    {
        var option = $"-D{macro}={value}";
        lock (gate)
        {
            if (!variants.TryGetValue(option, out var variant))
            {
                variants[option] = variant = new CudaSource(Name, Text)
                {
                    Options = [.. Options, option],
                    IsArchitectureSpecific = IsArchitectureSpecific,
                };
            }

            return variant;
        }
    }

    /// <summary>This source with a macro defined as a whole number.</summary>
    public CudaSource With(string macro, int value) => With(macro, value.ToString(System.Globalization.CultureInfo.InvariantCulture));

    /// <summary>What to compile for an architecture.</summary>
    internal KernelRequest Request(CudaArchitecture architecture)
        => new(Name, Text, [new("neoteny.cuh", Prelude.Value)], [.. Options, .. DebugOptions(Environment.GetEnvironmentVariable("NEOTENY_CUDA_DEBUG"))], architecture);

    /// <summary>Options of a debug build.</summary>
    internal static string[] DebugOptions(string? level) => level switch
    {
        null or "" or "0" => [],
        "line" or "1" => ["--generate-line-info"],
        "full" => ["--device-debug"],
        _ => throw new InputException($"NEOTENY_CUDA_DEBUG is '{level}'. Use 'line' (line information) or 'full' (no optimization, debug information), or unset it."),
    };

    /// <summary>The loaded code on a device.</summary>
    internal CudaModule Module(CudaDevice device)
    {
        lock (gate)
        {
            if (!modules.TryGetValue(device.Index, out var module))
                modules[device.Index] = module = CudaModule.Load(device, Request(device.Architecture(IsArchitectureSpecific)));
            return module;
        }
    }

    private static string ReadResource(Assembly assembly, string file)
    {
        var names = assembly.GetManifestResourceNames();
        var found = Array.FindAll(names, n => n == file || n.EndsWith("." + file, StringComparison.Ordinal));
        if (found.Length != 1)
        {
            var sources = string.Join(", ", names.Where(n => n.EndsWith(Suffix, StringComparison.Ordinal)));
            throw new InvalidOperationException($"{assembly.GetName().Name} has {(found.Length == 0 ? "no" : "more than one")} embedded file {file}"
                + $" (embedded: {(sources.Length > 0 ? sources : "none")}). Put it next to its class; plugin projects embed every *.cu.");
        }

        using var reader = new StreamReader(assembly.GetManifestResourceStream(found[0])!);
        return reader.ReadToEnd();
    }
}

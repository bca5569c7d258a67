using System.Text.RegularExpressions;
using Neoteny.Runtime.Cuda;

namespace Neoteny.Tests;

/// <summary>A CUDA source translated to C++ and compiled for the CPU. The kernels themselves are not changed: what differs is what their words mean.</summary>
internal static partial class EmulatedSource
{
    // The sanitizers' libraries are not linked: the runtime has the functions that instrumented code calls.
    private static readonly string[] Compile =
    [
        "-O1", "-g1", "-fPIC", "-fno-gnu-unique", "-fno-strict-aliasing", "-fno-exceptions", "-fno-rtti", "-fno-builtin-abs", "-fsanitize=thread", "--param",
        "tsan-instrument-func-entry-exit=0", "-fsanitize=alignment,bounds,integer-divide-by-zero,shift-exponent", "-fno-sanitize-recover=all", "-fno-tree-loop-distribute-patterns", "-w",
    ];

    private static readonly string[] Runtime = ["emulator.hpp", "runtime.hpp", "threads.cpp", "memory.cpp", "warp.cpp"];
    private static readonly string[] Headers = ["emulator.hpp", "device.hpp", "ptx.hpp"];
    private static readonly Lazy<string> Prelude = new(() => CudaSource.Embedded(typeof(CudaSource).Assembly, "neoteny.cuh").Text);

    /// <summary>The runtime that all kernels share.</summary>
    public static string RuntimeLibrary { get; } = EmulatorCompiler.Library("emulator", Runtime.Select(EmulatorCompiler.Text), to =>
    {
        var folder = Path.GetDirectoryName(to)!;
        Write(folder, Runtime);
        var sources = Runtime.Where(f => f.EndsWith(".cpp", StringComparison.Ordinal)).Select(f => Path.Combine(folder, f));
        EmulatorCompiler.Run("g++", ["-std=c++17", "-O2", "-fPIC", "-shared", "-w", .. sources, "-o", to]);
    });

    /// <summary>Compiles a source with its macros; returns the library's path.</summary>
    public static string Library(CudaSource source)
    {
        string[] options = [.. source.Options.Where(o => o.StartsWith("-D", StringComparison.Ordinal)), Standard(source)];
        string[] ingredients = [source.Name, source.Text, Prelude.Value, RuntimeLibrary, .. Headers.Select(EmulatorCompiler.Text), .. Compile, .. options];
        return EmulatorCompiler.Library(Path.GetFileNameWithoutExtension(source.Name), ingredients, to =>
        {
            var folder = Path.GetDirectoryName(to)!;
            string At(string file) => Path.Combine(folder, file);
            Write(folder, Headers);
            File.WriteAllText(At("neoteny.cuh"), Prelude.Value);
            File.WriteAllText(At("source.cpp"), $"#include \"device.hpp\"\n#include \"ptx.hpp\"\n#line 1 \"{source.Name}\"\n{source.Text}");
            File.WriteAllText(At("translated.cpp"), Translate(EmulatorCompiler.Run("g++", ["-E", .. options, $"-I{folder}", At("source.cpp")])));
            EmulatorCompiler.Run("g++", [.. Compile, Standard(source), "-fpreprocessed", "-c", At("translated.cpp"), "-o", At("translated.o")]);
            EmulatorCompiler.Run("g++", "-shared", "-Wl,-Bsymbolic", At("translated.o"), RuntimeLibrary, "-o", to);
        });
    }

    private static string Standard(CudaSource source) => source.Options.FirstOrDefault(o => o.StartsWith("--std=", StringComparison.Ordinal))?[1..] ?? "-std=c++17";

    /// <summary>Preprocessed CUDA C++ as C++: storage of shared memory, instructions as calls, and a function for each kernel that the emulator can call.</summary>
    private static string Translate(string text)
    {
        text = DynamicShared().Replace(text, "extern $1 __asm__(\"neoteny_dynamic_shared\");").Replace("__neoteny_shared__", "static thread_local", StringComparison.Ordinal);
        text = PtxStatement.Replace(text);
        var calls = string.Concat(Kernel().Matches(text).Select(m => m.Groups[1].Value).Distinct().Select(Calls));
        return text.Replace("__neoteny_global__", "__attribute__((noinline))", StringComparison.Ordinal) + "\n" + calls;
    }

    private static string Calls(string kernel) => $$"""
        extern "C" __attribute__((no_sanitize("thread"))) void neoteny_call_{{kernel}}(void** arguments) { neoteny_call({{kernel}}, arguments); }
        extern "C" __attribute__((no_sanitize("thread"))) int neoteny_sizes_{{kernel}}(int* sizes) { return neoteny_sizes({{kernel}}, sizes); }

        """;

    private static void Write(string folder, params string[] files)
    {
        foreach (var file in files)
            File.WriteAllText(Path.Combine(folder, file), EmulatorCompiler.Text(file));
    }

    [GeneratedRegex(@"extern\s+__neoteny_shared__\s+([^;]*);")]
    private static partial Regex DynamicShared();

    [GeneratedRegex(@"__neoteny_global__\s+void\s+(\w+)\s*\(")]
    private static partial Regex Kernel();
}

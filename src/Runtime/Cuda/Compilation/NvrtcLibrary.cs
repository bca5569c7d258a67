using System.Runtime.InteropServices;
using Neoteny.Runtime.Native;

namespace Neoteny.Runtime.Cuda;

/// <summary>Finds and loads NVRTC, CUDA's run-time compiler.</summary>
/// <remarks>
/// Looked for in this order: the folder named by <c>NEOTENY_NVRTC</c>, the libraries that PyTorch's packages brought (<c>nvidia/*/lib</c> beside
/// the <c>torch</c> package whose libtorch is in use), the dynamic loader's own path (<c>LD_LIBRARY_PATH</c>, <c>ldconfig</c>), and
/// <c>/usr/local/cuda</c>. In one folder the newest version wins.
/// </remarks>
internal static class NvrtcLibrary
{
    public const string Variable = "NEOTENY_NVRTC";

    private static readonly Lazy<(nint Handle, string Path)> Loaded = new(Load);

    /// <summary>Where it was loaded from.</summary>
    public static string Path => Loaded.Value.Path;

    /// <summary>The address of a function.</summary>
    public static nint Function(string name) => NativeLibrary.GetExport(Loaded.Value.Handle, name);

    /// <summary>Candidates in order, folders resolved to files.</summary>
    public static IEnumerable<string> Candidates(string? named, string? libtorch, string? libraryPath)
    {
        List<string> folders = [];
        if (named is { Length: > 0 })
            folders.Add(named);
        if (libtorch is not null && System.IO.Path.GetDirectoryName(System.IO.Path.GetDirectoryName(libtorch)) is { } packages
            && System.IO.Path.Combine(packages, "nvidia") is var vendor && Directory.Exists(vendor))
        {
            folders.AddRange(Directory.EnumerateDirectories(vendor).Order(StringComparer.Ordinal).Select(d => System.IO.Path.Combine(d, "lib")));
        }

        if (libtorch is not null)
            folders.Add(libtorch);
        folders.AddRange((libraryPath ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries));
        folders.AddRange(["/usr/local/cuda/lib64", "/usr/local/cuda/targets/x86_64-linux/lib"]);
        foreach (var folder in folders.Distinct().Where(Directory.Exists))
        {
            foreach (var file in Directory.EnumerateFiles(folder, "libnvrtc*.so*").Where(IsCompiler).OrderByDescending(f => f, StringComparer.Ordinal))
                yield return file;
        }

        foreach (var name in new[] { "libnvrtc.so.13", "libnvrtc.so.12", "libnvrtc.so" })
            yield return name;
    }

    private static (nint Handle, string Path) Load()
    {
        var refused = new List<string>();
        foreach (var candidate in Candidates(Environment.GetEnvironmentVariable(Variable), LibTorch.Folder, Environment.GetEnvironmentVariable("LD_LIBRARY_PATH")))
        {
            if (NativeLibrary.TryLoad(candidate, out var handle) && NativeLibrary.TryGetExport(handle, "nvrtcVersion", out _))
                return (handle, candidate);
            refused.Add(candidate);
        }

        throw new CudaException("NVRTC, CUDA's run-time compiler, is not found (tried " + string.Join(", ", refused) + "). PyTorch's packages bring it "
            + $"(nvidia-cuda-nvrtc); else install it, and name the folder of libnvrtc.so in {Variable} or LD_LIBRARY_PATH.");
    }

    /// <summary>The compiler itself: neither its table of built-in functions nor the variant of another C++ library.</summary>
    private static bool IsCompiler(string file)
        => System.IO.Path.GetFileName(file) is var name && (name.StartsWith("libnvrtc.so", StringComparison.Ordinal) || name.StartsWith("libnvrtc-", StringComparison.Ordinal))
            && !name.Contains("builtins", StringComparison.Ordinal) && !name.Contains(".alt.", StringComparison.Ordinal);
}

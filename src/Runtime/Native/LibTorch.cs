using System.Reflection;
using System.Runtime.InteropServices;
using System.Runtime.Loader;
using TorchSharp;

namespace Neoteny.Runtime.Native;

/// <summary>Finds and loads libtorch before TorchSharp first needs it.</summary>
/// <remarks>
/// Looked for in this order: the folder named by the environment variable <c>NEOTENY_LIBTORCH</c> (for instance the <c>torch/lib</c> of a
/// PyTorch installation, which brings CUDA), <c>libtorch/</c> beside the program (a published host), and the NuGet package folder that the
/// build recorded. TorchSharp's own glue library comes from beside the program.
/// </remarks>
public static class LibTorch
{
    /// <summary>The environment variable that names a folder with an existing libtorch.</summary>
    public const string Variable = "NEOTENY_LIBTORCH";

    private static readonly Lock Gate = new();
    private static readonly Dictionary<string, nint> Handles = [];
    private static bool loaded;

    /// <summary>The folder libtorch was loaded from; null before <see cref="Load"/>.</summary>
    public static string? Folder { get; private set; }

    /// <summary>How <see cref="Folder"/> was found: the environment variable, beside the program, or the NuGet package.</summary>
    public static string? Origin { get; private set; }

    /// <summary>The loaded version, such as <c>2.11.0+cu130</c>; null before <see cref="Load"/>.</summary>
    public static string? Version { get; private set; }

    /// <summary>The CUDA version that the loaded libtorch was built for, where it says so; null otherwise.</summary>
    public static Version? CudaVersion { get; private set; }

    /// <summary>Whether the loaded libtorch brings CUDA. It says nothing about a device being present.</summary>
    public static bool HasCuda { get; private set; }

    /// <summary>Loads libtorch once; later calls return at once. Thread-safe.</summary>
    /// <exception cref="InputException">No libtorch was found, or the folder named by the environment lacks it.</exception>
    /// <exception cref="NeotenyException">A library was found but does not load.</exception>
    public static void Load()
    {
        lock (Gate)
        {
            if (loaded)
            {
                return;
            }

            ProcessSettings.Apply();
            (Folder, Origin) = Locate();
            (Version, CudaVersion) = LibTorchVersion.Declared(Folder);
            if (Version is not null)
                LibTorchVersion.Require(Version, Folder);
            foreach (var name in (ReadOnlySpan<string>)["torch_global_deps", "c10", "torch_cpu"])
            {
                Handles[name] = Open(name, Path.Combine(Folder, $"lib{name}.so"));
            }

            Version ??= OwnVersion();
            LibTorchVersion.Require(Version, Folder);
            HasCuda = File.Exists(Path.Combine(Folder, "libtorch_cuda.so"));
            foreach (var name in HasCuda ? (ReadOnlySpan<string>)["c10_cuda", "torch_cuda", "torch"] : ["torch"])
            {
                Handles[name] = Open(name, Path.Combine(Folder, $"lib{name}.so"));
            }

            Handles["LibTorchSharp"] = Open("LibTorchSharp", GlueLibrary.Prepare(GluePath()));
            NativeLibrary.SetDllImportResolver(typeof(torch).Assembly, Resolve);
            NativeLibrary.SetDllImportResolver(typeof(LibTorch).Assembly, Resolve);
            AssemblyLoadContext.Default.ResolvingUnmanagedDll += (assembly, name) => Resolve(name, assembly, null);
            if (!HasCuda || !torch.TryInitializeDeviceType(DeviceType.CUDA))
            {
                torch.InitializeDeviceType(DeviceType.CPU);
            }

            TorchScriptSettings.Apply();
            loaded = true;
        }
    }

    /// <summary>The address of an exported symbol, or zero.</summary>
    /// <param name="library">The library's name without <c>lib</c> and <c>.so</c>, for instance <c>torch_cpu</c>.</param>
    /// <param name="symbol">The symbol as exported (mangled for C++).</param>
    public static nint Symbol(string library, string symbol)
        => Handles.TryGetValue(library, out var handle) && NativeLibrary.TryGetExport(handle, symbol, out var address) ? address : 0;

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? path)
        => Handles.GetValueOrDefault(name.StartsWith("lib", StringComparison.Ordinal) ? Path.GetFileNameWithoutExtension(name)[3..] : name);

    private static nint Open(string name, string path)
    {
        try
        {
            return NativeLibrary.Load(path);
        }
        catch (DllNotFoundException e)
        {
            throw new NeotenyException(
                $"lib{name}.so was found at {path} but does not load: {e.Message.Trim()} Check that the folder holds a complete libtorch "
                + $"({LibTorchVersion.KnownText} work) for this processor, or point {Variable} at another one.", e);
        }
    }

    private static unsafe string? OwnVersion()
        => Symbol("torch_cpu", "aoti_torch_abi_version") is not 0 and var function ? LibTorchVersion.Decode(((delegate* unmanaged<ulong>)function)()).ToString() : null;

    private static (string Folder, string Origin) Locate()
    {
        if (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } named)
        {
            return File.Exists(Path.Combine(named, "libtorch_cpu.so"))
                ? (Path.GetFullPath(named), Variable)
                : throw new InputException($"{Variable} is '{named}', which holds no libtorch_cpu.so. Name the 'lib' folder of a libtorch or "
                    + "PyTorch installation (for PyTorch: the folder torch/lib of the package), or unset the variable.");
        }

        (string? Folder, string Origin)[] places =
        [
            (Path.Combine(AppContext.BaseDirectory, "libtorch"), "beside the program"),
            (AppContext.GetData("Neoteny.LibTorch") as string, "the NuGet package"),
            (Path.Combine(AppContext.BaseDirectory, "runtimes", "linux-x64", "native"), "the program's NuGet packages"),
            (AppContext.BaseDirectory, "the program's folder"),
        ];
        foreach (var (folder, origin) in places)
        {
            if (folder is not null && File.Exists(Path.Combine(folder, "libtorch_cpu.so")))
                return (folder, origin);
        }

        throw new InputException($"libtorch was not found (looked in {string.Join(" and ", places.Select(p => p.Folder).OfType<string>())}). Restore the "
            + $"solution again, or point {Variable} at the folder that holds libtorch_cpu.so.");
    }

    private static string GluePath()
    {
        string[] places =
        [
            Path.Combine(AppContext.BaseDirectory, "runtimes", "linux-x64", "native", "libLibTorchSharp.so"),
            Path.Combine(AppContext.BaseDirectory, "libLibTorchSharp.so"),
        ];
        return places.FirstOrDefault(File.Exists)
            ?? throw new NeotenyException($"libLibTorchSharp.so is missing beside the program (looked for {string.Join(" and ", places)}). Build or install again.");
    }
}

using Neoteny.Runtime.Native;

namespace Neoteny.Runtime.Cuda;

/// <summary>This process's compiler and its cache.</summary>
public static class KernelStore
{
    private static readonly Lazy<NvrtcCompiler> Nvrtc = new(() => new NvrtcCompiler());
    private static readonly Lazy<KernelCache> Cached = new(() => new KernelCache(Folder, Nvrtc.Value));

    /// <summary>The folder of compiled kernels: <c>$XDG_CACHE_HOME/neoteny/kernels</c>, by default below <c>~/.cache</c>. It may be deleted at any time.</summary>
    public static string Folder => Path.Combine(CacheFolder.Find(), "kernels");

    /// <summary>The compiler's version and where it was found.</summary>
    /// <exception cref="CudaException">There is no NVRTC; the message says where it was looked for.</exception>
    public static (string Version, string Path) Compiler => (Nvrtc.Value.Version, NvrtcLibrary.Path);

    internal static KernelCache Cache => Cached.Value;
}

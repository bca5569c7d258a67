using System.Runtime.InteropServices;

namespace Neoteny.Runtime.Native;

/// <summary>Settings that native code reads once, set before libtorch loads.</summary>
/// <remarks><see cref="Environment.SetEnvironmentVariable(string, string)"/> is invisible to native code, so libc's own function is used.</remarks>
internal static partial class ProcessSettings
{
    private const int MmapThreshold = -3;
    private const int TrimThreshold = -1;

    public static void Apply()
    {
        // Freed tensors up to 32 MB are kept for the next ones instead of going back to the system: with glibc's defaults, or a lower
        // threshold, a training step on the CPU spent a third of its time on page faults (91,000 a step of a 7M model, measured).
        _ = MallOpt(MmapThreshold, 32 << 20);
        _ = MallOpt(TrimThreshold, 256 << 20);

        // OpenMP's threads spin for the next loop only briefly, then sleep: long spinning takes processors from our own loops and, on a
        // busy machine, from the thread that everybody waits for; no spinning wakes them too late (see docs/decisions/0005).
        Default("GOMP_SPINCOUNT", "1000");
        Default("PYTORCH_CUDA_ALLOC_CONF", "expandable_segments:True");
    }

    /// <summary>What libtorch asks for before it multiplies deterministically; to be set before the first product on a GPU.</summary>
    /// <remarks>Only then: where the variable is set, libtorch parses it with a regular expression at every product, 38 us of host time each (measured).</remarks>
    public static void FixProductWorkspace() => Default("CUBLAS_WORKSPACE_CONFIG", ":4096:8");

    private static void Default(string name, string value) => _ = SetEnv(name, value, 0);

    [LibraryImport("libc", EntryPoint = "mallopt")]
    private static partial int MallOpt(int parameter, int value);

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetEnv(string name, string value, int overwrite);
}

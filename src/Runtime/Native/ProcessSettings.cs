using System.Runtime.InteropServices;

namespace Neoteny.Runtime.Native;

/// <summary>Settings that native code reads once, set before libtorch loads.</summary>
/// <remarks><see cref="Environment.SetEnvironmentVariable(string, string)"/> is invisible to native code, so libc's own function is used.</remarks>
internal static partial class ProcessSettings
{
    private const int MmapThreshold = -3;

    public static void Apply()
    {
        // Without it resident memory climbs on the CPU: large tensors then come back to the system as soon as they are freed.
        _ = MallOpt(MmapThreshold, 64 * 1024);

        // Threads that wait for the next loop sleep instead of spinning: spinning ones take processors from our own loops, and on a busy
        // machine from the thread that everybody waits for (five times slower, measured).
        Default("OMP_WAIT_POLICY", "PASSIVE");
        Default("CUBLAS_WORKSPACE_CONFIG", ":4096:8");
        Default("PYTORCH_CUDA_ALLOC_CONF", "expandable_segments:True");
    }

    private static void Default(string name, string value) => _ = SetEnv(name, value, 0);

    [LibraryImport("libc", EntryPoint = "mallopt")]
    private static partial int MallOpt(int parameter, int value);

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetEnv(string name, string value, int overwrite);
}

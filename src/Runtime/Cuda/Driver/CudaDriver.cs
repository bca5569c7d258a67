using System.Runtime.InteropServices;

namespace Neoteny.Runtime.Cuda;

/// <summary>NVIDIA's driver: whether it is here, which version, how many devices.</summary>
/// <remarks>
/// Nothing here needs libtorch, and nothing throws on a machine without a GPU except <see cref="Require"/>. <c>libcuda.so.1</c> comes with the
/// driver; containers put it on the library path, or under <c>/usr/local/nvidia</c> or <c>/usr/lib/wsl</c>.
/// </remarks>
public static unsafe class CudaDriver
{
    private static readonly string[] Places =
        ["libcuda.so.1", "/usr/local/nvidia/lib64/libcuda.so.1", "/usr/lib/wsl/lib/libcuda.so.1", "/usr/lib/x86_64-linux-gnu/libcuda.so.1"];

    private static readonly Lazy<DriverState> State = new(Start);

    /// <summary>Whether a driver with at least one visible device is here.</summary>
    public static bool IsUsable => State.Value.Devices > 0;

    /// <summary>The newest CUDA version that the driver serves, such as 13.0; null without a driver.</summary>
    public static Version? Version => State.Value.Version;

    /// <summary>How many devices are visible (<c>CUDA_VISIBLE_DEVICES</c> counts); 0 without a driver.</summary>
    public static int DeviceCount => State.Value.Devices;

    /// <summary>Why no device can be used, with the remedy; null where one can.</summary>
    public static string? Problem => State.Value.Problem;

    /// <summary>Throws unless a device can be used.</summary>
    /// <exception cref="CudaException">There is no driver or no device; the message is <see cref="Problem"/>.</exception>
    public static void Require()
    {
        if (Problem is { } problem)
            throw new CudaException(problem);
    }

    private static DriverState Start()
    {
        if (!Array.Exists(Places, p => NativeLibrary.TryLoad(p, out _)))
        {
            return new DriverState(null, 0, "There is no NVIDIA driver here: libcuda.so.1 is not found. Install the driver (a container needs the NVIDIA runtime: docker run "
                + "--gpus all), or name its folder in LD_LIBRARY_PATH.");
        }

        var started = DriverApi.cuInit(0);
        Version? version = DriverApi.cuDriverGetVersion(out var number) == 0 ? VersionOf(number) : null;
        if (started == CudaStatus.NoDevice)
            return new DriverState(version, 0, NoDeviceText());
        if (started != 0)
            return new DriverState(version, 0, $"The NVIDIA driver does not start: {CudaStatus.Describe(started)}. Check that nvidia-smi works; a driver updated without a restart must be loaded again.");
        return DriverApi.cuDeviceGetCount(out var count) == 0 && count > 0
            ? new DriverState(version, count, null)
            : new DriverState(version, 0, NoDeviceText());
    }

    private static string NoDeviceText()
        => Environment.GetEnvironmentVariable("CUDA_VISIBLE_DEVICES") is { } visible
            ? $"The NVIDIA driver shows no GPU: CUDA_VISIBLE_DEVICES is '{visible}'. Unset it, or name a device that 'nvidia-smi -L' lists."
            : "The NVIDIA driver shows no GPU. Check 'nvidia-smi -L'; a container needs the NVIDIA runtime (docker run --gpus all).";

    /// <summary>CUDA's way to count: 13020 is 13.2.</summary>
    internal static Version VersionOf(int number) => new(number / 1000, number % 1000 / 10);

    private sealed record DriverState(Version? Version, int Devices, string? Problem);
}

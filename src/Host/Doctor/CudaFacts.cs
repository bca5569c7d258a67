using Neoteny.Runtime.Cuda;
using Neoteny.Runtime.Native;

namespace Neoteny.Host.Doctor;

/// <summary>libtorch, the driver, the devices and CUDA's libraries.</summary>
internal static class CudaFacts
{
    private const string Torch = "libtorch";
    private const string Cuda = "CUDA";

    /// <summary>Facts about libtorch; call it after it was loaded.</summary>
    public static IEnumerable<Finding> OfTorch()
    {
        if (LibTorch.Folder is null)
            yield break;
        yield return new(Torch, "version", LibTorch.Version ?? "unknown");
        yield return new(Torch, "folder", $"{LibTorch.Folder} ({LibTorch.Origin})");
        yield return new(Torch, "CUDA build", LibTorch.HasCuda ? LibTorch.CudaVersion?.ToString() ?? CudaLibraries.Runtime?.ToString() ?? "yes" : "no");
    }

    /// <summary>Facts about the GPU side.</summary>
    public static IEnumerable<Finding> OfDevices()
    {
        yield return new(Cuda, "driver", CudaDriver.Version is { } version ? $"serves CUDA up to {version}{DriverRelease()}" : "none");
        if (CudaDriver.Problem is { } problem)
            yield return new(Cuda, "devices", problem);
        for (var i = 0; i < CudaDriver.DeviceCount; i++)
            yield return new(Cuda, $"device {i}", Describe(CudaDevice.Get(i)));
        yield return new(Cuda, "NVRTC", Nvrtc());
        yield return new(Cuda, "cuDNN", Library(CudaLibraries.CuDnn, "libcudnn.so"));
        yield return new(Cuda, "NCCL", Library(CudaLibraries.Nccl, "libnccl.so"));
        yield return new(Cuda, "kernel cache", KernelStore.Folder);
    }

    private static string Describe(CudaDevice device)
    {
        var (free, total) = device.Memory();
        return $"{device.Name}, compute capability {device.Capability}, {device.Multiprocessors} multiprocessors, {MachineFacts.Bytes(free)} free of {MachineFacts.Bytes(total)}";
    }

    private static string Nvrtc()
    {
        try
        {
            var (version, path) = KernelStore.Compiler;
            return $"{version} ({path})";
        }
        catch (CudaException e)
        {
            return e.Message;
        }
    }

    private static string Library(Version? version, string file) => version is null ? "not loaded" : $"{version} ({LoadedLibraries.PathOf(file)})";

    /// <summary>The driver's own number, from the kernel module.</summary>
    private static string DriverRelease()
    {
        const string file = "/proc/driver/nvidia/version";
        var words = File.Exists(file) ? File.ReadLines(file).First().Split(' ', StringSplitOptions.RemoveEmptyEntries) : [];
        return Array.Find(words, w => w.Length > 5 && w.All(c => char.IsAsciiDigit(c) || c == '.') && w.Contains('.')) is { } release ? $", release {release}" : "";
    }
}

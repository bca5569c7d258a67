using Neoteny.Runtime.Cuda;
using Neoteny.Runtime.Native;
using static TorchSharp.torch;

namespace Neoteny.Host.Doctor;

/// <summary>Why libtorch cannot use a CUDA device, and the remedy.</summary>
internal static class DeviceProblem
{
    /// <summary>The problem of a device; null where it can be used. Loads libtorch.</summary>
    /// <param name="index">Its number.</param>
    public static string? Of(int index)
    {
        LibTorch.Load();
        return Of(index, new DeviceState
        {
            TorchFolder = LibTorch.Folder!,
            TorchHasCuda = LibTorch.HasCuda,
            TorchCuda = LibTorch.CudaVersion ?? CudaLibraries.Runtime,
            DriverProblem = CudaDriver.Problem,
            DriverCuda = CudaDriver.Version,
            Devices = CudaDriver.DeviceCount,
            TorchSeesDevices = LibTorch.HasCuda && CudaDriver.Problem is null && cuda.is_available(),
        });
    }

    /// <summary>The problem in a given state of affairs.</summary>
    public static string? Of(int index, DeviceState state)
    {
        if (!state.TorchHasCuda)
        {
            return $"the libtorch in {state.TorchFolder} has no CUDA. Set {LibTorch.Variable} to the torch/lib folder of a PyTorch with CUDA "
                + "(docs/gpu.md), or write device: cpu.";
        }

        if (state.DriverProblem is { } problem)
            return problem;
        if (state.TorchCuda is { } wanted && state.DriverCuda is { } served && served.Major < wanted.Major)
        {
            return $"the NVIDIA driver is too old: it serves CUDA up to {served}, and the libtorch in {state.TorchFolder} is built for CUDA {wanted}. "
                + $"Update the driver, or use a PyTorch that is built for CUDA {served.Major}.";
        }

        if (!state.TorchSeesDevices)
            return $"the driver shows {state.Devices} GPU(s), but libtorch cannot use them. 'neoteny doctor --verbose' and 'nvidia-smi' say more; often the driver was updated without a restart.";
        return index < state.Devices ? null
            : $"there is no device cuda:{index}: {(state.Devices == 1 ? "only cuda:0 is" : $"cuda:0 to cuda:{state.Devices - 1} are")} visible. Choose one of these, or check CUDA_VISIBLE_DEVICES.";
    }
}

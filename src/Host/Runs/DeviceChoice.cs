using Neoteny.Runtime.Native;
using TorchSharp;
using static TorchSharp.torch;

namespace Neoteny.Host.Runs;

/// <summary>Turns the key <c>device</c> into a device that is there.</summary>
internal static class DeviceChoice
{
    /// <exception cref="InputException">A GPU is asked for and there is none.</exception>
    public static Device Of(string device)
    {
        LibTorch.Load();
        var available = LibTorch.HasCuda && cuda.is_available();
        if (device == "cpu" || (device == "auto" && !available))
        {
            return CPU;
        }

        if (!available)
        {
            throw new InputException(LibTorch.HasCuda
                ? $"device: {device} is asked for, but no CUDA device can be used here. Check nvidia-smi and CUDA_VISIBLE_DEVICES, or write device: cpu."
                : $"device: {device} is asked for, but the libtorch in {LibTorch.Folder} has no CUDA. Set {LibTorch.Variable} to the torch/lib folder of a PyTorch with CUDA, or write device: cpu.");
        }

        var index = device.StartsWith("cuda:", StringComparison.Ordinal) ? int.Parse(device[5..], System.Globalization.CultureInfo.InvariantCulture) : 0;
        return index < cuda.device_count() ? new Device(DeviceType.CUDA, index)
            : throw new InputException($"device: {device} is asked for, but there are only {cuda.device_count()} CUDA devices; they count from 0.");
    }
}

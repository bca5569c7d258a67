using System.Globalization;
using Neoteny.Host.Doctor;
using Neoteny.Runtime.Cuda;
using Neoteny.Runtime.Native;
using TorchSharp;
using static TorchSharp.torch;

namespace Neoteny.Host.Runs;

/// <summary>Turns the key <c>device</c> into a device that is there.</summary>
internal static class DeviceChoice
{
    private const string Cuda = "cuda";

    /// <summary>Chooses: <c>auto</c> is the first GPU that can be used, or the CPU.</summary>
    /// <param name="device"><c>auto</c>, <c>cpu</c>, <c>cuda</c> or <c>cuda:n</c>.</param>
    /// <exception cref="InputException">A GPU is asked for and cannot be used, or the text is none of these.</exception>
    public static Device Of(string device)
    {
        var index = IndexOf(device);
        LibTorch.Load();
        if (index is null)
        {
            if (device == "cpu" || DeviceProblem.Of(0) is not null)
                return CPU;
            index = 0;
        }
        else if (DeviceProblem.Of(index.Value) is { } problem)
        {
            throw new InputException($"device: {device} cannot be used: {problem}");
        }

        return new Device(DeviceType.CUDA, index.Value);
    }

    /// <summary>Why <c>auto</c> passes over a GPU that is there; null where none is there or it is used.</summary>
    public static string? PassedOver(string device)
        => device == "auto" && CudaDriver.IsUsable && DeviceProblem.Of(0) is { } problem ? problem : null;

    /// <summary>The number in the text; null for <c>auto</c> and <c>cpu</c>.</summary>
    internal static int? IndexOf(string device) => device switch
    {
        "auto" or "cpu" => null,
        Cuda => 0,
        _ when device.StartsWith(Cuda + ":", StringComparison.Ordinal)
            && int.TryParse(device.AsSpan(Cuda.Length + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var index) => index,
        _ => throw new InputException($"device: '{device}' is none of auto, cpu, cuda and cuda:n (n counts from 0)."),
    };
}

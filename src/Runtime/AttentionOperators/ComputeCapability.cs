using Neoteny.Runtime.Cuda;
using TorchSharp;
using static TorchSharp.torch;

namespace Neoteny.Runtime.AttentionOperators;

/// <summary>The generation of a CUDA device, by which kernels are chosen.</summary>
public static class ComputeCapability
{
    /// <summary>The major version: 8 for Ampere and Ada, 9 for Hopper, 10 and 12 for Blackwell; 0 where there is no such device.</summary>
    public static int Major(Device device)
        => device.type == DeviceType.CUDA && CudaDriver.IsUsable ? CudaDevice.Of(device).Capability.Major : 0;
}

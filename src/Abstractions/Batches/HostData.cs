using TorchSharp;
using static TorchSharp.torch;

namespace Neoteny.Batches;

/// <summary>Brings numbers of the host to a device.</summary>
internal static class HostData
{
    /// <summary>A tensor of its own, outside of dispose scopes. On a GPU it is copied from page-locked memory, so that the host does not wait for the device.</summary>
    public static Tensor Upload(Tensor host, Device? device)
    {
        if (device is null || device.type != DeviceType.CUDA)
            return host.DetachFromDisposeScope();
        using (host)
        using (var locked = host.pin_memory())
            return locked.to(device.type, device.index, non_blocking: true).DetachFromDisposeScope();
    }
}

using Neoteny.Autograd;
using TorchSharp;
using static TorchSharp.torch;

namespace PluginNamespace;

/// <summary>Saved activations between forward and backward, on the host.</summary>
internal sealed class HostStore : ISavedTensors
{
    private const long SmallestBytes = 4096;

    public object? Park(SavedTensor saved)
    {
        var tensor = saved.Tensor;
        return tensor.numel() * tensor.element_size() < SmallestBytes
            ? null
            : new Parked(tensor.to(CPU, copy: true).DetachFromDisposeScope(), tensor.device);
    }

    public Tensor Fetch(object handle)
    {
        var (tensor, device) = (Parked)handle;
        if (device.type == DeviceType.CPU)
        {
            return tensor;
        }

        using (tensor)
        {
            return tensor.to(device);
        }
    }

    public void Release(object handle) => ((Parked)handle).Tensor.Dispose();

    private sealed record Parked(Tensor Tensor, Device Device);
}

using Neoteny.Parameters;
using TorchSharp;
using static TorchSharp.torch;

namespace PluginNamespace;

/// <summary>Where the pieces of one frozen weight live: on the host, copied to the device for each call that rents them.</summary>
internal sealed class HostHome : IWeightHome
{
    private Device device = CPU;

    public StoredWeight Adopt(Parameter parameter, StoredWeight stored)
    {
        device = stored.Pieces.Values.First().device;
        if (device.type == DeviceType.CPU)
        {
            return stored;
        }

        using (stored)
        {
            return On(CPU, stored);
        }
    }

    public StoredWeight Fetch(Parameter parameter, StoredWeight stored) => device.type == DeviceType.CPU ? stored : On(device, stored);

    public void Return(Parameter parameter, StoredWeight fetched)
    {
        if (device.type != DeviceType.CPU)
        {
            fetched.Dispose();
        }
    }

    private static StoredWeight On(Device device, StoredWeight stored) => new()
    {
        Pieces = stored.Pieces.ToDictionary(piece => piece.Key, piece => piece.Value.to(device).DetachFromDisposeScope()),
        Shape = stored.Shape,
        DType = stored.DType,
    };
}

using Neoteny.Runtime.Cuda;

namespace Neoteny.Benchmarks.Harness;

/// <summary>Times of a device, by events on libtorch's current stream.</summary>
internal sealed class DeviceTimer(CudaDevice device) : IDisposable
{
    private readonly CudaEvent start = new(device, timing: true);
    private readonly CudaEvent end = new(device, timing: true);

    /// <summary>Milliseconds from the first to the last thing that an action has the device do; waits for the device.</summary>
    public double Milliseconds(Action action)
    {
        start.Record();
        action();
        end.Record();
        end.Wait();
        return end.MillisecondsSince(start);
    }

    public void Dispose()
    {
        start.Dispose();
        end.Dispose();
    }
}

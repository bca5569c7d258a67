using System.Diagnostics;
using Neoteny.Runtime.Cuda;
using TorchSharp;
using static TorchSharp.torch;

namespace Neoteny.Training.Loop;

/// <summary>Measures how long a step takes: on a GPU, which runs behind the host, by events of the device.</summary>
internal sealed class StepClock : IDisposable
{
    private readonly long start = Stopwatch.GetTimestamp();
    private readonly CudaEvent? begin;
    private readonly CudaEvent? end;

    /// <summary>Starts when all work issued so far is done.</summary>
    /// <param name="device">Where steps compute.</param>
    public StepClock(Device device)
    {
        if (device.type != DeviceType.CUDA)
            return;
        var cuda = CudaDevice.Of(device);
        (begin, end) = (new CudaEvent(cuda, timing: true), new CudaEvent(cuda, timing: true));
        begin.Record();
    }

    /// <summary>Whether <see cref="Elapsed"/> does not wait.</summary>
    public bool HasEnded => end?.HasHappened ?? true;

    /// <summary>Stops when the work issued until now is done. The host does not wait.</summary>
    public void Stop() => end?.Record();

    /// <summary>The time from start to stop; on the CPU until now.</summary>
    public TimeSpan Elapsed()
    {
        if (end is null)
            return Stopwatch.GetElapsedTime(start);
        if (!end.HasHappened)
            end.Wait();
        return TimeSpan.FromMilliseconds(end.MillisecondsSince(begin!));
    }

    public void Dispose()
    {
        begin?.Dispose();
        end?.Dispose();
    }
}

namespace Neoteny.Runtime.Cuda;

/// <summary>A point in a stream that the host or another stream can wait for, or measure the time to.</summary>
public sealed class CudaEvent : IDisposable
{
    private const uint NoTiming = 2;

    private readonly CudaDevice device;

    /// <summary>Creates an event.</summary>
    /// <param name="device">Its device.</param>
    /// <param name="timing">Whether it measures time; without, waiting is cheaper.</param>
    /// <exception cref="CudaException">The driver refuses.</exception>
    public CudaEvent(CudaDevice device, bool timing)
    {
        this.device = device;
        device.Bind();
        CudaStatus.Check(DriverApi.cuEventCreate(out var handle, timing ? 0 : NoTiming), "cuEventCreate");
        Handle = handle;
    }

    /// <summary>The driver's handle (<c>CUevent</c>).</summary>
    public nint Handle { get; private set; }

    /// <summary>Whether all work before the last <see cref="Record()"/> is done. Does not wait.</summary>
    /// <exception cref="CudaException">That work failed.</exception>
    public bool HasHappened
    {
        get
        {
            var status = DriverApi.cuEventQuery(Handle);
            if (status != CudaStatus.NotReady)
                CudaStatus.Check(status, "cuEventQuery");
            return status == 0;
        }
    }

    /// <summary>Happens when the work that libtorch's current stream has now is done.</summary>
    public void Record() => Record(CudaStream.Current(device));

    /// <summary>Happens when the work that a stream has now is done.</summary>
    public void Record(CudaStream stream) => Record(stream.Handle);

    /// <summary>The host waits until it has happened.</summary>
    /// <exception cref="CudaException">The work before it failed.</exception>
    public void Wait() => CudaStatus.Check(DriverApi.cuEventSynchronize(Handle), "cuEventSynchronize");

    /// <summary>Later work of libtorch's current stream waits until it has happened. The host does not wait.</summary>
    public void HoldCurrentStream() => CudaStatus.Check(DriverApi.cuStreamWaitEvent(CudaStream.Current(device), Handle, 0), "cuStreamWaitEvent");

    /// <summary>Milliseconds from an earlier event; both were made with timing and have happened.</summary>
    public double MillisecondsSince(CudaEvent start)
    {
        CudaStatus.Check(DriverApi.cuEventElapsedTime(out var milliseconds, start.Handle, Handle), "cuEventElapsedTime");
        return milliseconds;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (Handle != 0)
            _ = DriverApi.cuEventDestroy_v2(Handle);
        Handle = 0;
    }

    private void Record(nint stream) => CudaStatus.Check(DriverApi.cuEventRecord(Handle, stream), "cuEventRecord");
}

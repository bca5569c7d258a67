using static TorchSharp.torch;

namespace Neoteny.Runtime.Cuda;

/// <summary>A stream of its own, which does not synchronize with libtorch's default one.</summary>
/// <remarks>
/// Order with other streams is made by events. Memory that libtorch gave out belongs to the stream that was current then: a stream that only reads or writes it waits
/// for an event first, and the holder keeps the tensor until the owning stream has waited for this one.
/// </remarks>
public sealed class CudaStream : IDisposable
{
    private const uint NonBlocking = 1;

    /// <summary>Creates a stream.</summary>
    /// <param name="device">Its device.</param>
    /// <exception cref="CudaException">The driver refuses.</exception>
    public CudaStream(CudaDevice device)
    {
        Device = device;
        device.Bind();
        CudaStatus.Check(DriverApi.cuStreamCreateWithPriority(out var handle, NonBlocking, 0), "cuStreamCreateWithPriority");
        Handle = handle;
    }

    /// <summary>The device.</summary>
    public CudaDevice Device { get; }

    /// <summary>The driver's handle (<c>CUstream</c>).</summary>
    public nint Handle { get; private set; }

    /// <summary>libtorch's current stream of a device on this thread, as the driver's handle.</summary>
    public static unsafe nint Current(CudaDevice device)
    {
        nint stream;
        return TorchStream.Current(device.Index, &stream) == 0 ? stream : throw new CudaException($"libtorch has no current stream on device {device.Index}.");
    }

    /// <summary>Makes this stream libtorch's current one on this thread until the result is disposed.</summary>
    public IDisposable Use() => new Guard(TorchStream.Enter(Device.Index, Handle));

    /// <summary>Later work of this stream waits until an event has happened. The host does not wait.</summary>
    public void WaitFor(CudaEvent happened) => CudaStatus.Check(DriverApi.cuStreamWaitEvent(Handle, happened.Handle, 0), "cuStreamWaitEvent");

    /// <summary>The host waits until all work of this stream is done.</summary>
    public void Synchronize() => CudaStatus.Check(DriverApi.cuStreamSynchronize(Handle), "cuStreamSynchronize");

    /// <summary>Waits for the stream's work and frees it.</summary>
    public void Dispose()
    {
        if (Handle == 0)
            return;
        Device.Bind();
        _ = DriverApi.cuStreamSynchronize(Handle);
        _ = DriverApi.cuStreamDestroy_v2(Handle);
        Handle = 0;
    }

    private sealed class Guard(nint guard) : IDisposable
    {
        private nint guard = guard;

        public void Dispose()
        {
            if (guard != 0)
                TorchStream.Leave(guard);
            guard = 0;
        }
    }
}

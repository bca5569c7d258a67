using System.Collections.Concurrent;
using static TorchSharp.torch;

namespace Neoteny.Runtime.Cuda;

/// <summary>A stream of its own, which does not synchronize with libtorch's default one.</summary>
/// <remarks>
/// Order with other streams is made by events. Memory that libtorch gave out belongs to the stream that was current then: a stream that only reads or writes it waits
/// for an event first, and the holder keeps the tensor until the owning stream has waited for this one.
/// libtorch keeps the memory that it gave out on a stream for that stream, and waits for it before it hands the memory back to the driver, even when the stream is long unused. So a
/// stream that was libtorch's current one is never destroyed: the next one made takes it over.
/// </remarks>
public sealed class CudaStream : IDisposable
{
    private const uint NonBlocking = 1;

    private static readonly ConcurrentDictionary<int, ConcurrentBag<nint>> Kept = new();

    private bool isKnownToTorch;

    /// <summary>Creates a stream.</summary>
    /// <param name="device">Its device.</param>
    /// <exception cref="CudaException">The driver refuses.</exception>
    public CudaStream(CudaDevice device)
    {
        Device = device;
        device.Bind();
        if (KeptOf(device).TryTake(out var handle))
            isKnownToTorch = true;
        else
            CudaStatus.Check(DriverApi.cuStreamCreateWithPriority(out handle, NonBlocking, 0), "cuStreamCreateWithPriority");
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
    public IDisposable Use()
    {
        isKnownToTorch = true;
        return new Guard(TorchStream.Enter(Device.Index, Handle));
    }

    /// <summary>Later work of this stream waits until an event has happened. The host does not wait.</summary>
    public void WaitFor(CudaEvent happened) => CudaStatus.Check(DriverApi.cuStreamWaitEvent(Handle, happened.Handle, 0), "cuStreamWaitEvent");

    /// <summary>The host waits until all work of this stream is done.</summary>
    public void Synchronize() => CudaStatus.Check(DriverApi.cuStreamSynchronize(Handle), "cuStreamSynchronize");

    /// <summary>Waits for the stream's work and gives it back.</summary>
    public void Dispose()
    {
        if (Handle == 0)
            return;
        Device.Bind();
        _ = DriverApi.cuStreamSynchronize(Handle);
        if (isKnownToTorch)
            KeptOf(Device).Add(Handle);
        else
            _ = DriverApi.cuStreamDestroy_v2(Handle);
        Handle = 0;
    }

    private static ConcurrentBag<nint> KeptOf(CudaDevice device) => Kept.GetOrAdd(device.Index, static _ => []);

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

using Neoteny.Runtime.Cpu;
using static TorchSharp.torch;

namespace Neoteny.Runtime.Cuda;

/// <summary>Page-locked host memory: copies between it and a device run beside the host's and the device's other work.</summary>
public sealed unsafe class PinnedMemory : IDisposable
{
    private const uint Portable = 1;

    private nint address;

    /// <summary>Allocates.</summary>
    /// <param name="device">A device whose context is used; the memory serves all devices.</param>
    /// <param name="bytes">How many bytes.</param>
    /// <exception cref="CudaException">There is not that much memory that can be locked.</exception>
    public PinnedMemory(CudaDevice device, long bytes)
    {
        device.Bind();
        CudaStatus.Check(DriverApi.cuMemHostAlloc(out address, (nuint)bytes, Portable), $"cuMemHostAlloc of {bytes} bytes");
        Bytes = bytes;
    }

    /// <summary>Its size.</summary>
    public long Bytes { get; }

    /// <summary>The memory as elements. Valid until disposed.</summary>
    public Span<T> As<T>() where T : unmanaged
    {
        ObjectDisposedException.ThrowIf(address == 0, this);
        return new Span<T>((void*)address, checked((int)(Bytes / sizeof(T))));
    }

    /// <summary>Copies a contiguous tensor from its device on libtorch's current stream; returns at once. Read the memory after an event recorded behind it has happened.</summary>
    /// <param name="source">Contiguous, on a device, not larger than this memory. Borrowed.</param>
    public void Receive(Tensor source) => Copy(source, (nint)address, TensorData.Pointer(source), "receive");

    /// <summary>Copies to a contiguous tensor on its device on libtorch's current stream; returns at once. Change the memory after an event recorded behind it has happened.</summary>
    /// <param name="target">Contiguous, on a device, not larger than this memory. Borrowed.</param>
    public void Send(Tensor target) => Copy(target, TensorData.Pointer(target), (nint)address, "send");

    /// <summary>Frees the memory. No copy may still use it.</summary>
    public void Dispose()
    {
        if (address != 0)
            _ = DriverApi.cuMemFreeHost(address);
        address = 0;
    }

    private void Copy(Tensor tensor, nint to, nint from, string what)
    {
        ObjectDisposedException.ThrowIf(address == 0, this);
        var bytes = tensor.numel() * tensor.element_size();
        if (bytes > Bytes || !tensor.is_contiguous() || tensor.device_type != TorchSharp.DeviceType.CUDA)
        {
            throw new ArgumentException($"{Bytes} bytes of pinned memory cannot {what} a {(tensor.is_contiguous() ? "" : "non-")}contiguous tensor of {bytes} bytes on {tensor.device}.");
        }

        var device = CudaDevice.Get(tensor.device_index);
        device.Bind();
        CudaStatus.Check(DriverApi.cuMemcpyAsync(to, from, (nuint)bytes, CudaStream.Current(device)), "cuMemcpyAsync");
        GC.KeepAlive(tensor);
    }
}

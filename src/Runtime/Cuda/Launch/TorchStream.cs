using Neoteny.Runtime.Native;

namespace Neoteny.Runtime.Cuda;

/// <summary>libtorch's idea of the current stream, through its stable C interface.</summary>
internal static unsafe class TorchStream
{
    private static readonly delegate* unmanaged<int, nint*, int> GetCurrent = (delegate* unmanaged<int, nint*, int>)Need("aoti_torch_get_current_cuda_stream");

    /// <summary>Asks for the current stream of a device.</summary>
    public static int Current(int device, nint* stream) => GetCurrent(device, stream);

    /// <summary>Makes a stream current on this thread; returns the guard.</summary>
    public static nint Enter(int device, nint stream)
    {
        nint guard;
        var status = ((delegate* unmanaged<nint, int, nint*, int>)Need("aoti_torch_create_cuda_stream_guard"))(stream, device, &guard);
        return status == 0 ? guard : throw new CudaException($"libtorch does not take a stream for device {device}.");
    }

    /// <summary>Restores the stream that was current before.</summary>
    public static void Leave(nint guard) => _ = ((delegate* unmanaged<nint, int>)Need("aoti_torch_delete_cuda_stream_guard"))(guard);

    private static nint Need(string symbol) => TorchCuda.Need(symbol, $": it has no CUDA, or is not 2.10 or 2.11. Point {LibTorch.Variable} at one that is.");
}

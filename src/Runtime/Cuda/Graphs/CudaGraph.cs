using System.Runtime.InteropServices;
using Neoteny.Runtime.Native;

namespace Neoteny.Runtime.Cuda;

/// <summary>libtorch's CUDA graph (<c>at::cuda::CUDAGraph</c>): work that was captured on a stream, with memory of a pool of its own.</summary>
/// <remarks>Its methods are C++ members without a C interface, called by their exported names; they end the process where they throw, so that callers check what they can beforehand.</remarks>
internal sealed unsafe class CudaGraph : IDisposable
{
    // More than any libtorch's object of this class needs; 2.11's has a few hundred bytes.
    private const nuint ObjectBytes = 8192;
    private const nuint Alignment = 64;

    /// <summary>The mode of capturing that forbids other threads nothing (<c>CU_STREAM_CAPTURE_MODE_RELAXED</c>).</summary>
    public const int Relaxed = 2;

    private static readonly delegate* unmanaged<void*, byte, void> Construct = (delegate* unmanaged<void*, byte, void>)Need("_ZN2at4cuda9CUDAGraphC1Eb");
    private static readonly delegate* unmanaged<void*, void> Destroy = (delegate* unmanaged<void*, void>)Need("_ZN2at4cuda9CUDAGraphD1Ev");
    private static readonly delegate* unmanaged<void*, MemoryPool, int, void> BeginCapture =
        (delegate* unmanaged<void*, MemoryPool, int, void>)Need("_ZN2at4cuda9CUDAGraph13capture_beginESt4pairIyyE21cudaStreamCaptureMode");

    private static readonly delegate* unmanaged<void*, void> EndCapture = (delegate* unmanaged<void*, void>)Need("_ZN2at4cuda9CUDAGraph11capture_endEv");
    private static readonly delegate* unmanaged<void*, MemoryPool> PoolOf = (delegate* unmanaged<void*, MemoryPool>)Need("_ZN2at4cuda9CUDAGraph4poolEv");
    private static readonly delegate* unmanaged<void*, void> Replay = (delegate* unmanaged<void*, void>)Need("_ZN2at4cuda9CUDAGraph6replayEv");

    private void* handle;

    /// <summary>Creates a graph without work.</summary>
    public CudaGraph()
    {
        handle = NativeMemory.AlignedAlloc(ObjectBytes, Alignment);
        NativeMemory.Clear(handle, ObjectBytes);
        Construct(handle, 0);
    }

    /// <summary>The pool that the captured work's memory is from.</summary>
    public MemoryPool Pool => PoolOf(handle);

    /// <summary>Starts to capture what is launched on the current stream, which is not the default one.</summary>
    /// <param name="pool">A pool to share with graphs that run in the order in which they were captured; none for a new one.</param>
    public void Begin(MemoryPool pool) => BeginCapture(handle, pool, Relaxed);

    /// <summary>Ends capturing, on the same stream.</summary>
    public void End() => EndCapture(handle);

    /// <summary>Launches the work on the current stream.</summary>
    public void Launch() => Replay(handle);

    /// <summary>Lets go of an object whose capture broke: libtorch's allocator still refers to it, so that its memory is never freed.</summary>
    public void Abandon() => handle = null;

    public void Dispose()
    {
        if (handle is null)
            return;
        Destroy(handle);
        NativeMemory.AlignedFree(handle);
        handle = null;
    }

    private static nint Need(string symbol)
        => TorchCuda.Need(symbol, $", so that CUDA graphs cannot be used with it. Set cuda_graphs: false, or point {LibTorch.Variable} at libtorch 2.10 or 2.11.");
}

/// <summary>The name of a pool of libtorch's allocator; zeros for none.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct MemoryPool(ulong First, ulong Second);

using System.Runtime.InteropServices;
using Neoteny.Runtime.Native;

namespace Neoteny.Runtime.Cuda;

/// <summary>What libtorch's allocator holds of a device's memory.</summary>
/// <remarks>
/// libtorch has no C function for it. This calls <c>c10::DeviceAllocator::getDeviceStats</c> through the object that <c>c10::GetAllocator</c> returns, whose
/// layout is the same in 2.10 and 2.11 (c10/core/CachingDeviceAllocator.h); values that contradict each other are refused.
/// </remarks>
public static unsafe class DeviceMemory
{
    // Places of virtual functions: two destructors, four of c10::Allocator, initialized, emptyCache, recordStream, then these.
    private const int EmptyCacheSlot = 7;
    private const int StatisticsSlot = 9;
    private const int ResetPeakSlot = 11;

    // Each statistic: three pools of current, peak, allocated, freed (8 bytes each); allocated_bytes is the fifth, reserved_bytes the sixth.
    private const int StatisticLongs = 12;
    private const int AllocatedAt = 4 * StatisticLongs;
    private const int ReservedAt = 5 * StatisticLongs;
    private const int FailuresAt = (9 * StatisticLongs) + 1;
    private const int BufferBytes = 4096;
    private const sbyte CudaType = 1;

    /// <summary>Bytes in use and kept, now and at their peak.</summary>
    /// <param name="device">The device's number.</param>
    /// <exception cref="CudaException">The loaded libtorch has no CUDA, or another layout.</exception>
    public static DeviceMemoryUse Use(int device)
    {
        var allocator = Allocator();
        var table = *(nint**)allocator;
        var buffer = (long*)NativeMemory.AllocZeroed(BufferBytes);
        try
        {
            ((delegate* unmanaged<void*, nint, sbyte, void*>)table[StatisticsSlot])(buffer, allocator, (sbyte)device);
            var use = new DeviceMemoryUse(buffer[AllocatedAt], buffer[AllocatedAt + 1], buffer[ReservedAt], buffer[ReservedAt + 1], buffer[FailuresAt]);
            return use.IsConsistent ? use : throw new CudaException($"libtorch {LibTorch.Version} lays out its memory statistics in another way than 2.10 and 2.11.");
        }
        finally
        {
            NativeMemory.Free(buffer);
        }
    }

    /// <summary>Lets peaks start again from what is in use now.</summary>
    /// <param name="device">The device's number.</param>
    public static void ResetPeak(int device)
    {
        var allocator = Allocator();
        var table = *(nint**)allocator;
        ((delegate* unmanaged<nint, sbyte, void>)table[ResetPeakSlot])(allocator, (sbyte)device);
    }

    /// <summary>Gives memory that libtorch keeps for later back to the driver. Waits for the device.</summary>
    public static void ReleaseUnused()
    {
        var allocator = Allocator();
        var table = *(nint**)allocator;

        // libtorch unmaps pages through the driver, which refuses a thread that has no context yet; libtorch ends the process then.
        CudaDevice.Get(0).Bind();
        ((delegate* unmanaged<nint, ulong, ulong, void>)table[EmptyCacheSlot])(allocator, 0, 0);
    }

    /// <summary>Whether an exception says that a device's memory ran out: libtorch's text or the driver's code.</summary>
    public static bool IsExhausted(Exception exception) => exception switch
    {
        CudaException cuda => cuda.Status == CudaStatus.OutOfMemory,
        ExternalException or InvalidOperationException => exception.Message.Contains("CUDA out of memory", StringComparison.Ordinal)
            || exception.Message.Contains("CUDA error: out of memory", StringComparison.Ordinal),
        _ => false,
    };

    private static nint Allocator()
    {
        LibTorch.Load();
        var get = (delegate* unmanaged<sbyte*, nint>)LibTorch.Symbol("c10", "_ZN3c1012GetAllocatorERKNS_10DeviceTypeE");
        if (get is null || !LibTorch.HasCuda)
            throw new CudaException($"The libtorch in {LibTorch.Folder} has no memory statistics of CUDA devices.");
        var type = CudaType;
        return get(&type);
    }
}

/// <summary>Bytes of a device's memory in libtorch's hands.</summary>
/// <param name="Allocated">In tensors now.</param>
/// <param name="PeakAllocated">In tensors at most since the last reset.</param>
/// <param name="Reserved">Taken from the driver now: tensors, and free blocks kept for later.</param>
/// <param name="PeakReserved">Taken from the driver at most since the last reset.</param>
/// <param name="Failures">How often memory ran out since the process began.</param>
public readonly record struct DeviceMemoryUse(long Allocated, long PeakAllocated, long Reserved, long PeakReserved, long Failures)
{
    internal bool IsConsistent => Allocated >= 0 && PeakAllocated >= Allocated && Reserved >= Allocated && PeakReserved >= Reserved && PeakReserved < 1L << 45 && Failures is >= 0 and < 1L << 45;
}

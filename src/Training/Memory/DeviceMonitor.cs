using Neoteny.Runtime.Cuda;
using TorchSharp;
using static TorchSharp.torch;

namespace Neoteny.Training.Memory;

/// <summary>Watches a GPU's memory from step to step; on the CPU it knows nothing.</summary>
/// <param name="device">Where the run computes.</param>
internal sealed class DeviceMonitor(Device device)
{
    private long failures;

    /// <summary>The device's name and memory.</summary>
    public string Name => device.type == DeviceType.CUDA && CudaDevice.Of(device) is var gpu
        ? $"{gpu.Name}, {MemoryText.Of(gpu.TotalMemory)}" : device.ToString();

    /// <summary>The device watched.</summary>
    public Device Device => device;

    /// <summary>Bytes that tensors took at most since the step began; null on the CPU. Exact as soon as the step is issued.</summary>
    public long? Peak => Use?.PeakAllocated;

    private DeviceMemoryUse? Use => device.type == DeviceType.CUDA ? DeviceMemory.Use(Math.Max(device.index, 0)) : null;

    /// <summary>A step begins.</summary>
    public void BeginStep()
    {
        if (device.type != DeviceType.CUDA)
            return;
        DeviceMemory.ResetPeak(Math.Max(device.index, 0));
        failures = Use!.Value.Failures;
    }

    /// <summary>Whether an exception comes from memory that ran out since the step began. A call by name says no reason, but the allocator counts.</summary>
    public bool IsExhausted(Exception exception)
        => DeviceMemory.IsExhausted(exception) || (exception is InvalidOperationException && Use is { } use && use.Failures > failures);
}

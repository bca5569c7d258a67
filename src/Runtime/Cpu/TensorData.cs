using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace Neoteny.Runtime.Cpu;

/// <summary>Raw access to a tensor's elements.</summary>
public static unsafe partial class TensorData
{
    /// <summary>The address of the first element. Valid while the tensor lives: keep a reference to it until the last access.</summary>
    /// <param name="tensor">A tensor on the CPU (or, for handing on to a kernel, on a device).</param>
    public static nint Pointer(Tensor tensor)
    {
        var address = DataPointer(tensor.Handle);
        GC.KeepAlive(tensor);
        return address;
    }

    /// <summary>Whether a tensor is fp32 in CPU memory without gaps.</summary>
    public static bool IsDenseFloat(Tensor tensor)
        => tensor.dtype == ScalarType.Float32 && tensor.device_type == TorchSharp.DeviceType.CPU && tensor.is_contiguous();

    [LibraryImport("LibTorchSharp", EntryPoint = "THSTensor_data")]
    private static partial nint DataPointer(nint tensor);
}

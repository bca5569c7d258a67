using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace Neoteny.Runtime.AttentionOperators;

/// <summary>The generation of a CUDA device, by which kernels are chosen.</summary>
public static unsafe class ComputeCapability
{
    private const int MajorAttribute = 75;
    private static readonly ConcurrentDictionary<int, int> Majors = new();

    /// <summary>The major version: 8 for Ampere and Ada, 9 for Hopper, 10 and 12 for Blackwell; 0 where there is no such device.</summary>
    public static int Major(Device device) => device.type == DeviceType.CUDA ? Majors.GetOrAdd(Math.Max(device.index, 0), Read) : 0;

    private static int Read(int index)
    {
        if (!NativeLibrary.TryLoad("libcuda.so.1", out var library))
        {
            return 0;
        }

        int device, value;
        var initialize = (delegate* unmanaged<uint, int>)NativeLibrary.GetExport(library, "cuInit");
        var get = (delegate* unmanaged<int*, int, int>)NativeLibrary.GetExport(library, "cuDeviceGet");
        var attribute = (delegate* unmanaged<int*, int, int, int>)NativeLibrary.GetExport(library, "cuDeviceGetAttribute");
        return initialize(0) == 0 && get(&device, index) == 0 && attribute(&value, MajorAttribute, device) == 0 ? value : 0;
    }
}

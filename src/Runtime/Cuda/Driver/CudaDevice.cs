using System.Text;

namespace Neoteny.Runtime.Cuda;

/// <summary>One GPU as the driver describes it.</summary>
/// <remarks>Numbered as libtorch numbers them. Instances are shared; their properties are read once.</remarks>
public sealed unsafe class CudaDevice
{
    private const int MultiprocessorAttribute = 16;
    private const int L2BytesAttribute = 38;
    private const int MajorAttribute = 75;
    private const int MinorAttribute = 76;
    private const int SharedBytesAttribute = 97;

    private static readonly Lock Gate = new();
    private static readonly Dictionary<int, CudaDevice> Known = [];

    [ThreadStatic]
    private static CudaDevice? bound;

    private readonly int handle;
    private nint context;

    private CudaDevice(int index)
    {
        Index = index;
        CudaStatus.Check(DriverApi.cuDeviceGet(out handle, index), "cuDeviceGet");
        var name = stackalloc byte[256];
        CudaStatus.Check(DriverApi.cuDeviceGetName(name, 256, handle), "cuDeviceGetName");
        Name = Encoding.UTF8.GetString(System.Runtime.InteropServices.MemoryMarshal.CreateReadOnlySpanFromNullTerminated(name));
        CudaStatus.Check(DriverApi.cuDeviceTotalMem_v2(out var total, handle), "cuDeviceTotalMem");
        TotalMemory = (long)total;
        Capability = new Version(Attribute(MajorAttribute), Attribute(MinorAttribute));
        Multiprocessors = Attribute(MultiprocessorAttribute);
        L2Bytes = Attribute(L2BytesAttribute);
        SharedMemoryPerBlock = Attribute(SharedBytesAttribute);
    }

    /// <summary>Its number, from 0.</summary>
    public int Index { get; }

    /// <summary>What the vendor calls it.</summary>
    public string Name { get; }

    /// <summary>Its compute capability, 9.0 on Hopper.</summary>
    public Version Capability { get; }

    /// <summary>How many multiprocessors it has.</summary>
    public int Multiprocessors { get; }

    /// <summary>Bytes of its memory.</summary>
    public long TotalMemory { get; }

    /// <summary>Bytes of its second-level cache.</summary>
    public int L2Bytes { get; }

    /// <summary>The most bytes of shared memory that one block may ask for.</summary>
    public int SharedMemoryPerBlock { get; }

    /// <summary>The device that libtorch means; its current one, the first, where it names no number.</summary>
    /// <param name="device">A device of type CUDA.</param>
    public static CudaDevice Of(TorchSharp.torch.Device device) => Get(Math.Max(device.index, 0));

    /// <summary>The device of a number.</summary>
    /// <exception cref="CudaException">There is no driver, no device, or none of this number.</exception>
    public static CudaDevice Get(int index)
    {
        CudaDriver.Require();
        if (index < 0 || index >= CudaDriver.DeviceCount)
            throw new CudaException($"There is no CUDA device {index}: {CudaDriver.DeviceCount} are visible, and they count from 0.");
        lock (Gate)
        {
            if (!Known.TryGetValue(index, out var device))
                Known[index] = device = new CudaDevice(index);
            return device;
        }
    }

    /// <summary>Bytes free and in all, as every process on the device sees them.</summary>
    public (long Free, long Total) Memory()
    {
        Bind();
        CudaStatus.Check(DriverApi.cuMemGetInfo_v2(out var free, out var total), "cuMemGetInfo");
        return ((long)free, (long)total);
    }

    /// <summary>What to compile for.</summary>
    /// <param name="specific">Whether the kernel needs the generation's own instructions.</param>
    /// <exception cref="InputException">It does and the device has none.</exception>
    public CudaArchitecture Architecture(bool specific) => CudaArchitecture.Of(Capability, specific);

    /// <summary>Makes this device's primary context, which libtorch uses too, the calling thread's.</summary>
    internal void Bind()
    {
        if (ReferenceEquals(bound, this))
            return;
        lock (Gate)
        {
            // The driver keeps the context until the process ends, as libtorch does.
            if (context == 0)
                CudaStatus.Check(DriverApi.cuDevicePrimaryCtxRetain(out context, handle), "cuDevicePrimaryCtxRetain");
        }

        CudaStatus.Check(DriverApi.cuCtxSetCurrent(context), "cuCtxSetCurrent");
        bound = this;
    }

    private int Attribute(int attribute)
    {
        CudaStatus.Check(DriverApi.cuDeviceGetAttribute(out var value, attribute, handle), "cuDeviceGetAttribute");
        return value;
    }
}

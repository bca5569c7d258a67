using System.Text;

namespace Neoteny.Runtime.Cuda;

/// <summary>A compiled source, loaded into a device's context.</summary>
internal sealed unsafe class CudaModule
{
    private readonly nint handle;

    private CudaModule(nint handle, CudaDevice device, string name) => (this.handle, Device, Name) = (handle, device, name);

    public CudaDevice Device { get; }

    /// <summary>The source's file name.</summary>
    public string Name { get; }

    /// <summary>Compiles and loads. An entry of the cache that the driver refuses is compiled again.</summary>
    public static CudaModule Load(CudaDevice device, KernelRequest request)
    {
        device.Bind();
        var status = Load(KernelStore.Cache.Get(request), out var handle);
        if (status is CudaStatus.InvalidImage or CudaStatus.NoBinaryForDevice)
            status = Load(KernelStore.Cache.Renew(request), out handle);
        return status == 0
            ? new CudaModule(handle, device, request.Name)
            : throw new CudaException($"cuModuleLoadData of {request.Name} for {request.Architecture.Name} failed: {CudaStatus.Describe(status)}.{CudaStatus.Advice(status)}", status);
    }

    /// <summary>A function of the module.</summary>
    public nint Function(string name)
    {
        var text = Encoding.UTF8.GetBytes(name + "\0");
        fixed (byte* bytes = text)
        {
            var status = DriverApi.cuModuleGetFunction(out var function, handle, bytes);
            return status == 0 ? function : throw new CudaException(
                $"{Name} has no kernel {name}: {CudaStatus.Describe(status)}. Declare it as extern \"C\" __global__ void {name}(...).", status);
        }
    }

    private static int Load(byte[] image, out nint module)
    {
        fixed (byte* bytes = image)
            return DriverApi.cuModuleLoadData(out module, bytes);
    }
}

using System.Runtime.InteropServices;

namespace Neoteny.Runtime.Cuda;

/// <summary>A kernel on one device, with what is known of its parameters.</summary>
internal sealed unsafe class LoadedKernel
{
    /// <summary>What every block gets unasked, static and dynamic together.</summary>
    private const int FreeSharedBytes = 48 << 10;

    private const int RegistersAttribute = 4;
    private const int LocalBytesAttribute = 3;
    private const int StaticSharedAttribute = 1;
    private const int MaximumDynamicSharedAttribute = 8;
    private const int PreferredSharedPercentAttribute = 9;

    private static readonly nint ParameterInfo = NativeLibrary.TryLoad("libcuda.so.1", out var library)
        && NativeLibrary.TryGetExport(library, "cuFuncGetParamInfo", out var address) ? address : 0;

    private int allowedShared;
    private bool prefersShared;

    public LoadedKernel(CudaModule module, string name)
    {
        (Module, Name, Handle) = (module, name, module.Function(name));
        Sizes = ReadSizes(Handle);
        allowedShared = FreeSharedBytes - StaticSharedBytes;
    }

    public CudaModule Module { get; }

    public string Name { get; }

    public nint Handle { get; }

    /// <summary>Bytes of each parameter; null where the driver does not tell.</summary>
    public int[]? Sizes { get; }

    public int Registers => Attribute(RegistersAttribute);

    public int LocalBytes => Attribute(LocalBytesAttribute);

    public int StaticSharedBytes => Attribute(StaticSharedAttribute);

    /// <summary>Prepares a launch with so much dynamic shared memory: raises the limit where it is more than any kernel gets unasked.</summary>
    public void Allow(int sharedBytes)
    {
        if (sharedBytes > 0 && !prefersShared)
        {
            // Who stages in shared memory wants as many blocks as fit; the driver's own guess leaves more to the L1 cache. A hint: its status says nothing.
            _ = DriverApi.cuFuncSetAttribute(Handle, PreferredSharedPercentAttribute, 100);
            prefersShared = true;
        }

        if (sharedBytes <= allowedShared)
            return;
        var status = DriverApi.cuFuncSetAttribute(Handle, MaximumDynamicSharedAttribute, sharedBytes);
        if (status != 0)
        {
            throw new CudaException($"The kernel {Name} ({Module.Name}) asks for {sharedBytes} bytes of dynamic shared memory beside {StaticSharedBytes} static ones; a block on "
                + $"{Module.Device.Name} has {Module.Device.SharedMemoryPerBlock} ({CudaStatus.Describe(status)}).", status);
        }

        allowedShared = sharedBytes;
    }

    private int Attribute(int attribute)
    {
        CudaStatus.Check(DriverApi.cuFuncGetAttribute(out var value, attribute, Handle), "cuFuncGetAttribute");
        return value;
    }

    private static int[]? ReadSizes(nint function)
    {
        if (ParameterInfo == 0)
            return null;
        var sizes = new List<int>();
        nuint offset, size;
        while (((delegate* unmanaged<nint, nuint, nuint*, nuint*, int>)ParameterInfo)(function, (nuint)sizes.Count, &offset, &size) == 0)
            sizes.Add((int)size);
        return [.. sizes];
    }
}

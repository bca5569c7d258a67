using System.Runtime.InteropServices;

namespace Neoteny.Plugins.Flash.Cudnn;

/// <summary>The cuDNN that libtorch brought along, by its backend interface (stable over all versions 9).</summary>
internal static unsafe class CudnnLibrary
{
    private const int Success = 0;
    private static readonly Lazy<nint> Library = new(() => NativeLibrary.TryLoad("libcudnn.so.9", out var handle) ? handle : 0);

    /// <summary>Its version as one number, 91900 for 9.19.0; 0 without cuDNN 9.</summary>
    public static long Version => Library.Value == 0 ? 0 : (long)((delegate* unmanaged<nuint>)Symbol("cudnnGetVersion"))();

    /// <summary>Makes a handle for the current device.</summary>
    public static nint CreateHandle()
    {
        nint handle;
        Check(((delegate* unmanaged<nint*, int>)Symbol("cudnnCreate"))(&handle), "cudnnCreate");
        return handle;
    }

    public static void DestroyHandle(nint handle) => ((delegate* unmanaged<nint, int>)Symbol("cudnnDestroy"))(handle);

    public static void SetStream(nint handle, nint stream) => Check(((delegate* unmanaged<nint, nint, int>)Symbol("cudnnSetStream"))(handle, stream), "cudnnSetStream");

    public static nint CreateDescriptor(CudnnKind kind)
    {
        nint descriptor;
        Check(((delegate* unmanaged<int, nint*, int>)Symbol("cudnnBackendCreateDescriptor"))((int)kind, &descriptor), $"creating {kind}");
        return descriptor;
    }

    public static void DestroyDescriptor(nint descriptor) => ((delegate* unmanaged<nint, int>)Symbol("cudnnBackendDestroyDescriptor"))(descriptor);

    /// <summary>Whether a descriptor could be finalized; the reason where it could not.</summary>
    public static string? TryFinalize(nint descriptor) => Problem(((delegate* unmanaged<nint, int>)Symbol("cudnnBackendFinalize"))(descriptor));

    public static void Set(nint descriptor, CudnnAttribute attribute, CudnnValue type, long count, void* values)
        => Check(((delegate* unmanaged<nint, int, int, long, void*, int>)Symbol("cudnnBackendSetAttribute"))(descriptor, (int)attribute, (int)type, count, values), $"setting {attribute}");

    /// <summary>Reads an attribute; returns how many values there are.</summary>
    public static long Get(nint descriptor, CudnnAttribute attribute, CudnnValue type, long capacity, void* values)
    {
        long count;
        Check(
            ((delegate* unmanaged<nint, int, int, long, long*, void*, int>)Symbol("cudnnBackendGetAttribute"))(descriptor, (int)attribute, (int)type, capacity, &count, values),
            $"reading {attribute}");
        return count;
    }

    public static void Execute(nint handle, nint plan, nint pack)
        => Check(((delegate* unmanaged<nint, nint, nint, int>)Symbol("cudnnBackendExecute"))(handle, plan, pack), "cudnnBackendExecute");

    private static void Check(int status, string what)
    {
        if (Problem(status) is { } problem)
        {
            throw new NeotenyException($"flash_attention_3: cuDNN {Version} failed at {what}: {problem}. Write attn_implementation: sdpa, and report this.");
        }
    }

    private static string? Problem(int status)
    {
        if (status == Success)
        {
            return null;
        }

        const int Length = 512;
        var text = stackalloc byte[Length];
        ((delegate* unmanaged<byte*, nuint, void>)Symbol("cudnnGetLastErrorString"))(text, Length);
        var name = Marshal.PtrToStringUTF8((nint)((delegate* unmanaged<int, byte*>)Symbol("cudnnGetErrorString"))(status));
        return $"{name} ({Marshal.PtrToStringUTF8((nint)text)})";
    }

    private static nint Symbol(string name) => NativeLibrary.GetExport(Library.Value, name);
}

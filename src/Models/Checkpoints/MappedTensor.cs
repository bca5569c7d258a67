using Neoteny.Runtime.Native;
using static TorchSharp.torch;

namespace Neoteny.Models.Checkpoints;

/// <summary>Copies mapped bytes into tensors: plainly where dtypes agree on the CPU, else through libtorch's copy, which converts and moves.</summary>
internal static unsafe class MappedTensor
{
    private const long ChunkBytes = 32 << 20;

    private static readonly Lazy<nint> FromBlob = new(() => LibTorch.Symbol("torch_cpu", "aoti_torch_create_tensor_from_blob"));

    /// <summary>Fills a contiguous tensor of the entry's shape, of any dtype and device.</summary>
    public static void Copy(byte* source, SafetensorsEntry entry, Tensor target)
    {
        if (entry.Bytes == 0)
        {
            return;
        }

        using var guard = no_grad();
        using var scope = NewDisposeScope();
        var flat = target.view(-1);
        var onHost = target.device_type == TorchSharp.DeviceType.CPU;
        if (onHost)
        {
            MappedMemory.UseHugePages(Address(flat), flat.numel() * flat.element_size());
        }

        if (onHost && target.dtype == entry.DType)
        {
            MappedMemory.Copy(source, Address(flat), entry.Bytes);
        }
        else
        {
            Convert(source, entry, flat);
        }

        GC.KeepAlive(target);
    }

    private static void Convert(byte* source, SafetensorsEntry entry, Tensor flat)
    {
        var count = entry.Bytes / entry.Type.Size;
        for (long at = 0, step = ChunkBytes / entry.Type.Size; at < count; at += step)
        {
            var length = Math.Min(step, count - at);
            var from = source + (at * entry.Type.Size);
            using var part = flat.narrow(0, at, length);
            using var blob = Blob(from, length, entry.Type, asValues: flat.dtype != entry.DType);
            part.copy_(blob);
            MappedMemory.Release(from, length * entry.Type.Size);
        }
    }

    private static Tensor Blob(byte* data, long length, SafetensorsType type, bool asValues)
    {
        // Old writers did not align the data; libtorch wants elements aligned.
        if ((nuint)data % (nuint)type.Size != 0)
        {
            var aligned = empty(length, dtype: type.Read);
            new ReadOnlySpan<byte>(data, (int)(length * type.Size)).CopyTo(aligned.bytes);
            return aligned;
        }

        var create = (delegate* unmanaged<void*, long, long*, long*, long, int, int, int, nint*, int>)FromBlob.Value;
        var dtype = asValues ? type.Native : (int)type.Read;
        long stride = 1;
        nint handle;
        return create(data, 1, &length, &stride, 0, dtype, 0, -1, &handle) == 0
            ? Tensor.UnsafeCreateTensor(handle)
            : throw new NeotenyException($"libtorch could not make a tensor of {length} elements from mapped memory (dtype {dtype}).");
    }

    // The span of a whole tensor would not fit above 2 GB; its first element says where it begins.
    private static byte* Address(Tensor flat)
    {
        using var first = flat.narrow(0, 0, 1);
        fixed (byte* start = first.bytes)
        {
            return start;
        }
    }
}

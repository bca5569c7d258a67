using System.Runtime.InteropServices;
using Neoteny.Runtime.Native;
using static TorchSharp.torch;

namespace Neoteny.Models.Checkpoints;

/// <summary>Copies mapped bytes into tensors through libtorch's own copy, which converts dtypes, moves to devices and uses all threads.</summary>
internal static unsafe class MappedTensor
{
    private const int DontNeed = 4;
    private const long ChunkBytes = 32 << 20;

    private static readonly Lazy<nint> FromBlob = new(() => LibTorch.Symbol("torch_cpu", "aoti_torch_create_tensor_from_blob"));

    /// <summary>Fills a contiguous tensor of the entry's shape, of any dtype and device.</summary>
    public static void Copy(byte* source, SafetensorsEntry entry, Tensor target)
    {
        using var guard = no_grad();
        using var scope = NewDisposeScope();
        var count = entry.Bytes / entry.Type.Size;
        var flat = target.view(-1);
        for (long at = 0, step = ChunkBytes / entry.Type.Size; at < count; at += step)
        {
            var length = Math.Min(step, count - at);
            var from = source + (at * entry.Type.Size);
            using var part = flat.narrow(0, at, length);
            using var blob = Blob(from, length, entry.Type, asValues: target.dtype != entry.DType);
            part.copy_(blob);
            GiveBack(from, length * entry.Type.Size);
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

        return Make(data, length, asValues ? type.Native : (int)type.Read);
    }

    private static Tensor Make(byte* data, long length, int dtype)
    {
        var create = (delegate* unmanaged<void*, long, long*, long*, long, int, int, int, nint*, int>)FromBlob.Value;
        long stride = 1;
        nint handle;
        return create(data, 1, &length, &stride, 0, dtype, 0, -1, &handle) == 0
            ? Tensor.UnsafeCreateTensor(handle)
            : throw new NeotenyException($"libtorch could not make a tensor of {length} elements from mapped memory (dtype {dtype}).");
    }

    // The pages stay in the system's cache; only this process stops counting them.
    private static void GiveBack(byte* from, long bytes)
    {
        var page = (nuint)Environment.SystemPageSize;
        var start = ((nuint)from + page - 1) & ~(page - 1);
        var end = ((nuint)from + (nuint)bytes) & ~(page - 1);
        if (end > start)
        {
            _ = Advise(start, end - start, DontNeed);
        }
    }

    [DllImport("libc", EntryPoint = "madvise")]
    private static extern int Advise(nuint start, nuint length, int advice);
}

using System.Buffers.Binary;
using System.Text;

namespace Neoteny.Core.Tests.Checkpoints;

/// <summary>Makes the bytes of safetensors files, well or badly formed.</summary>
internal static class SafetensorsBytes
{
    public static byte[] Of(string header, int dataBytes) => Of(header, new byte[dataBytes]);

    public static byte[] Of(string header, byte[] data) => Of((ulong)Encoding.UTF8.GetByteCount(header), Encoding.UTF8.GetBytes(header), data);

    public static byte[] Of(ulong length, byte[] header, byte[] data)
    {
        var prefix = new byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(prefix, length);
        return [.. prefix, .. header, .. data];
    }
}

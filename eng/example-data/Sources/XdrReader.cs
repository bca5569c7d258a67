using System.Buffers.Binary;
using System.Text;

namespace Neoteny.ExampleData.Sources;

/// <summary>Reads the big-endian fields of an R serialisation.</summary>
internal sealed class XdrReader(byte[] bytes, int position)
{
    private const int FormatMark = 2;

    /// <summary>A reader at the first object: after the mark, three version numbers and, since version 3, the encoding's name.</summary>
    public static XdrReader AfterHeader(byte[] bytes)
    {
        var reader = new XdrReader(bytes, FormatMark);
        var version = reader.Int();
        reader.Skip(2 * sizeof(int));
        if (version == 3)
            reader.Skip(reader.Int());
        return reader;
    }

    /// <summary>Passes over bytes.</summary>
    public void Skip(int count) => position += count;

    /// <summary>Reads a 32-bit integer.</summary>
    public int Int()
    {
        var value = BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(position));
        position += sizeof(int);
        return value;
    }

    /// <summary>Reads UTF-8 text of <paramref name="length"/> bytes; a negative length, R's missing value, gives the empty string.</summary>
    public string Text(int length)
    {
        var text = length < 0 ? "" : Encoding.UTF8.GetString(bytes, position, length);
        position += Math.Max(length, 0);
        return text;
    }
}

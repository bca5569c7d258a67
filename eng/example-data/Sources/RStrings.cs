using System.IO.Compression;

namespace Neoteny.ExampleData.Sources;

/// <summary>
/// Reads the character vectors of an R package's lazy-load data base. The index (<c>Rdata.rdx</c>, gzip) holds a pair of integers a
/// variable, offset and length; the data (<c>Rdata.rdb</c>) a record each: its size (four bytes) and a zlib stream. Index and records are
/// R serialisations (XDR, version 3).
/// </summary>
internal static class RStrings
{
    private const int StringVector = 16;
    private const int SizeField = 4;

    /// <summary>An integer vector of two elements, as serialised.</summary>
    private static readonly byte[] IntegerPair = [0, 0, 0, 13, 0, 0, 0, 2];

    /// <summary>The character vectors in index order; other objects are passed over.</summary>
    /// <param name="folder">The package's <c>data</c> folder.</param>
    public static IEnumerable<string[]> Read(string folder)
    {
        using var index = new GZipStream(File.OpenRead(Path.Combine(folder, "Rdata.rdx")), CompressionMode.Decompress);
        var data = File.ReadAllBytes(Path.Combine(folder, "Rdata.rdb"));
        foreach (var (offset, length) in Pairs(ReadAll(index)))
        {
            using var record = new ZLibStream(new MemoryStream(data, offset + SizeField, length - SizeField), CompressionMode.Decompress);
            if (Strings(ReadAll(record)) is { } strings)
                yield return strings;
        }
    }

    private static byte[] ReadAll(Stream stream)
    {
        using var bytes = new MemoryStream();
        stream.CopyTo(bytes);
        return bytes.ToArray();
    }

    private static IEnumerable<(int Offset, int Length)> Pairs(byte[] index)
    {
        for (var at = 0; at + IntegerPair.Length + 8 <= index.Length; at++)
        {
            if (!index.AsSpan(at).StartsWith(IntegerPair))
                continue;
            var reader = new XdrReader(index, at + IntegerPair.Length);
            yield return (reader.Int(), reader.Int());
        }
    }

    private static string[]? Strings(byte[] record)
    {
        var reader = XdrReader.AfterHeader(record);
        if ((reader.Int() & 0xFF) != StringVector)
            return null;
        var strings = new string[reader.Int()];
        for (var i = 0; i < strings.Length; i++)
        {
            reader.Skip(sizeof(int));
            strings[i] = reader.Text(reader.Int());
        }
        return strings;
    }
}

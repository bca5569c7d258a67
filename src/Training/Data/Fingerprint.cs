using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Neoteny.Training.Data;

/// <summary>A short hash of tokenized documents: a resumed run notices other data.</summary>
internal static class Fingerprint
{
    public static string Of(IReadOnlyList<Document> documents)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> length = stackalloc byte[4];
        foreach (var document in documents)
        {
            BinaryPrimitives.WriteInt32LittleEndian(length, document.Length);
            hash.AppendData(length);
            hash.AppendData(MemoryMarshal.AsBytes(document.Ids.AsSpan()));
            hash.AppendData(MemoryMarshal.AsBytes(document.Labels.AsSpan()));
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset())[..16];
    }
}

using System.Security.Cryptography;
using System.Text;

namespace Neoteny.ExampleData.Text;

/// <summary>A hash of text that is the same on every run and machine, unlike <see cref="object.GetHashCode"/>.</summary>
internal static class StableHash
{
    /// <summary>The first eight bytes of the text's SHA-256, little-endian.</summary>
    public static ulong Of(string text) => BitConverter.ToUInt64(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
}

namespace Neoteny.Host.Plugins.Packages;

/// <summary>The checksum of zip archives (ISO 3309, polynomial 0xEDB88320), which the framework's reader does not verify.</summary>
internal static class Crc32
{
    private static readonly uint[] Table = [.. Enumerable.Range(0, 256).Select(static i => Enumerable.Range(0, 8).Aggregate((uint)i, static (c, _) => (c & 1) == 0 ? c >> 1 : c >> 1 ^ 0xEDB88320))];

    /// <summary>Goes on with a checksum; begins with 0.</summary>
    public static uint Append(uint checksum, ReadOnlySpan<byte> bytes)
    {
        var c = ~checksum;
        foreach (var b in bytes)
        {
            c = Table[(byte)(c ^ b)] ^ c >> 8;
        }

        return ~c;
    }
}

using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Neoteny.Runtime.Native;

/// <summary>Makes TorchSharp's glue library loadable with the C++ runtimes of Debian 12 and Ubuntu 22.04.</summary>
/// <remarks>
/// The library asks for the symbol version <c>GLIBCXX_3.4.32</c> through one symbol that is never called
/// (<c>_ZSt21ios_base_library_initv</c>). Setting the weak flag on that one entry of <c>.gnu.version_r</c> (ELF gABI, symbol versioning:
/// <c>Elf64_Vernaux.vna_flags</c>, <c>VER_FLG_WEAK</c> = 2) makes the loader warn instead of refuse. The patched copy lies in a cache,
/// named by the hash of the original, and is put there by an atomic rename.
/// </remarks>
internal static class GlueLibrary
{
    private const string Version = "GLIBCXX_3.4.32";
    private const uint GnuVerneed = 0x6ffffffe;
    private const ushort Weak = 2;

    /// <summary>The path to load: a patched copy where the library has the entry, the original otherwise.</summary>
    public static string Prepare(string original)
    {
        var bytes = File.ReadAllBytes(original);
        if (!Patch(bytes))
        {
            return original;
        }

        var cached = Path.Combine(CacheFolder.Find(), $"libLibTorchSharp-{Convert.ToHexStringLower(SHA256.HashData(bytes))[..16]}.so");
        if (!File.Exists(cached))
        {
            Directory.CreateDirectory(Path.GetDirectoryName(cached)!);
            var beside = $"{cached}.{Environment.ProcessId}";
            File.WriteAllBytes(beside, bytes);
            File.Move(beside, cached, overwrite: true);
        }

        return cached;
    }

    /// <summary>Sets the weak flag in a 64-bit little-endian ELF image; false when it has no such entry.</summary>
    internal static bool Patch(Span<byte> elf)
    {
        var sections = (int)BinaryPrimitives.ReadUInt64LittleEndian(elf[0x28..]);
        var size = BinaryPrimitives.ReadUInt16LittleEndian(elf[0x3a..]);
        var count = BinaryPrimitives.ReadUInt16LittleEndian(elf[0x3c..]);
        for (var i = 0; i < count; i++)
        {
            var header = elf[(sections + (i * size))..];
            if (BinaryPrimitives.ReadUInt32LittleEndian(header[4..]) != GnuVerneed)
            {
                continue;
            }

            var link = BinaryPrimitives.ReadUInt32LittleEndian(header[0x28..]);
            var strings = (int)BinaryPrimitives.ReadUInt64LittleEndian(elf[(sections + ((int)link * size) + 0x18)..]);
            return PatchNeeds(elf, (int)BinaryPrimitives.ReadUInt64LittleEndian(header[0x18..]), strings);
        }

        return false;
    }

    private static bool PatchNeeds(Span<byte> elf, int need, int strings)
    {
        while (true)
        {
            var entry = need + (int)BinaryPrimitives.ReadUInt32LittleEndian(elf[(need + 8)..]);
            for (int left = BinaryPrimitives.ReadUInt16LittleEndian(elf[(need + 2)..]); left > 0; left--)
            {
                var name = elf[(strings + (int)BinaryPrimitives.ReadUInt32LittleEndian(elf[(entry + 8)..]))..];
                if (name.StartsWith(Encoding.ASCII.GetBytes(Version + "\0")))
                {
                    BinaryPrimitives.WriteUInt16LittleEndian(elf[(entry + 4)..], Weak);
                    return true;
                }

                entry += (int)BinaryPrimitives.ReadUInt32LittleEndian(elf[(entry + 12)..]);
            }

            var next = (int)BinaryPrimitives.ReadUInt32LittleEndian(elf[(need + 12)..]);
            if (next == 0)
            {
                return false;
            }

            need += next;
        }
    }
}

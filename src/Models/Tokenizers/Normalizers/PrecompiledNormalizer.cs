using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using Neoteny.Models.Tokenizers.Json;
using Neoteny.Models.Tokenizers.Unicode;

namespace Neoteny.Models.Tokenizers.Normalizers;

/// <summary>SentencePiece's compiled character map: a double-array trie over UTF-8, and the texts that its leaves point to.</summary>
internal sealed class PrecompiledNormalizer(uint[] trie, byte[] texts) : INormalizer
{
    private const int LongestGrapheme = 6;

    public static PrecompiledNormalizer Read(JsonValue value)
    {
        var source = value.Get("precompiled_charsmap");
        byte[] map;
        try
        {
            map = Convert.FromBase64String(source.Text());
        }
        catch (FormatException)
        {
            throw source.Fail("the character map is not valid base64.");
        }

        if (map.Length < 4 || BinaryPrimitives.ReadUInt32LittleEndian(map) is var size && (size > map.Length - 4 || size % 4 != 0))
            throw source.Fail("the character map is cut off.");
        var trie = new uint[size / 4];
        for (var i = 0; i < trie.Length; i++)
            trie[i] = BinaryPrimitives.ReadUInt32LittleEndian(map.AsSpan(4 + 4 * i));
        return new PrecompiledNormalizer(trie, map[(4 + (int)size)..]);
    }

    public Piece Apply(Piece piece)
    {
        var builder = new AlignedTextBuilder(piece);
        for (var i = 0; i < piece.Length;)
        {
            var length = StringInfo.GetNextTextElementLength(piece.Span[i..]);
            if (Find(piece.Span.Slice(i, length), LongestGrapheme - 1) is { } whole)
                builder.Replace(i, i + length, whole);
            else
                Characters(piece, i, length, builder);
            i += length;
        }

        return Piece.Whole(builder.Build());
    }

    private void Characters(Piece piece, int start, int length, AlignedTextBuilder builder)
    {
        for (var i = start; i < start + length;)
        {
            var used = CharacterTests.LengthOfRune(piece.Span[i..]);
            if (Find(piece.Span.Slice(i, used), int.MaxValue) is { } replacement)
                builder.Replace(i, i + used, replacement);
            else
                builder.Keep(i, i + used);
            i += used;
        }
    }

    /// <summary>What the shortest prefix in the trie maps to, or null.</summary>
    private string? Find(ReadOnlySpan<char> key, int longest)
    {
        Span<byte> bytes = stackalloc byte[4 * LongestGrapheme];
        if (key.Length > LongestGrapheme || trie.Length == 0)
            return null;
        var count = Encoding.UTF8.GetBytes(key, bytes);
        if (count > longest)
            return null;
        var node = Offset(trie[0]);
        foreach (var unit in bytes[..count])
        {
            node ^= unit;
            if (unit == 0 || node >= trie.Length || (trie[node] & 0x800000FF) != unit)
                return null;
            var leaf = (trie[node] & 0x100) != 0;
            node ^= Offset(trie[node]);
            if (leaf)
                return node < trie.Length ? TextAt(trie[node] & 0x7FFFFFFF) : null;
        }

        return null;
    }

    private static uint Offset(uint unit) => unit >> 10 << (int)((unit & 0x200) >> 6);

    private string? TextAt(uint start)
    {
        if (start >= texts.Length)
            return null;
        var rest = texts.AsSpan((int)start);
        var end = rest.IndexOf((byte)0);
        return Encoding.UTF8.GetString(end < 0 ? rest : rest[..end]);
    }
}

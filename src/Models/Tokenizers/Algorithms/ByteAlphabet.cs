using System.Text;

namespace Neoteny.Models.Tokenizers.Algorithms;

/// <summary>GPT-2's alphabet: every byte as a printable character.</summary>
/// <remarks>Printable Latin-1 bytes stand for themselves, the 68 others for U+0100 onwards in order.</remarks>
internal static class ByteAlphabet
{
    private static readonly char[] Characters = Build();
    private static readonly Dictionary<char, byte> Bytes = Characters.Select((c, i) => (c, (byte)i)).ToDictionary(p => p.c, p => p.Item2);

    public static char CharacterOf(byte value) => Characters[value];

    public static bool TryByteOf(char character, out byte value) => Bytes.TryGetValue(character, out value);

    public static string Write(ReadOnlySpan<byte> bytes)
    {
        var text = new StringBuilder(bytes.Length);
        foreach (var value in bytes)
            text.Append(Characters[value]);
        return text.ToString();
    }

    private static char[] Build()
    {
        var characters = new char[256];
        var next = '\u0100';
        for (var value = 0; value < 256; value++)
        {
            var itself = value is >= '!' and <= '~' or >= 0xA1 and <= 0xAC or >= 0xAE;
            characters[value] = itself ? (char)value : next++;
        }

        return characters;
    }
}

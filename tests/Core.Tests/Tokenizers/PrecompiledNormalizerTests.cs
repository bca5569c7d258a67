using System.Buffers.Binary;
using System.Text;

namespace Neoteny.Core.Tests.Tokenizers;

public class PrecompiledNormalizerTests
{
    [Fact]
    public void A_compiled_map_rewrites_what_it_knows_and_keeps_the_rest()
    {
        // A double array by hand: root (offset 1) -> 'A' at 1 ^ 0x41 -> leaf that points at text 0.
        var trie = new uint[256];
        trie[0] = 1u << 10;
        var node = 1u ^ 0x41u;
        trie[node] = 0x41u | 0x100u | (2u << 10);
        trie[node ^ 2u] = 0x80000000u | 0u;
        var map = new byte[4 + 4 * trie.Length + 3];
        BinaryPrimitives.WriteUInt32LittleEndian(map, (uint)(4 * trie.Length));
        for (var i = 0; i < trie.Length; i++)
            BinaryPrimitives.WriteUInt32LittleEndian(map.AsSpan(4 + 4 * i), trie[i]);
        Encoding.ASCII.GetBytes("xy\0", map.AsSpan(4 + 4 * trie.Length));
        var tokenizer = TokenizerFolders.Load(TokenizerFolders.Normalizing(
            $$"""{"type": "Precompiled", "precompiled_charsmap": "{{Convert.ToBase64String(map)}}"}"""));
        Assert.Equal("xyBxy é", tokenizer.Decode(tokenizer.Encode("ABA é", false), false));
    }

    [Theory]
    [InlineData("%%%", "not valid base64")]
    [InlineData("AAA=", "cut off")]
    [InlineData("/////w==", "cut off")]
    public void A_broken_map_is_refused(string map, string reason)
    {
        var error = Assert.Throws<InputException>(() => TokenizerFolders.Load(
            TokenizerFolders.Normalizing($$"""{"type": "Precompiled", "precompiled_charsmap": "{{map}}"}""")));
        Assert.Contains($"at normalizer.precompiled_charsmap: the character map is {reason}", error.Message, StringComparison.Ordinal);
    }
}

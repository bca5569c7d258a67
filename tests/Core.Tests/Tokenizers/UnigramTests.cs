using CsCheck;
using Neoteny.Models.Tokenizers;
using Neoteny.Models.Tokenizers.Algorithms;

namespace Neoteny.Core.Tests.Tokenizers;

public class UnigramTests
{
    private static readonly (string Piece, double Score)[] Entries =
        [("<unk>", 0), ("a", -3), ("b", -3.25), ("c", -3.5), ("ab", -4), ("bc", -4.625), ("abc", -7.75), ("ca", -6.5), ("cab", -7.0625), ("😀", -4.03125)];

    [Theory]
    [InlineData("abc", "▁a bc")]
    [InlineData("abac", "▁ab a c")]
    [InlineData("a bc", "▁a ▁ bc")]
    [InlineData("  abca  ", "▁a bc a ▁")]
    [InlineData("a😀b", "▁a 😀 b")]
    [InlineData("ａｂ", "▁ab")]
    public void The_most_probable_segmentation_is_found(string text, string expected)
    {
        var tokenizer = TokenizerFolders.Load(TokenizerFolders.Unigram());
        Assert.Equal(expected, string.Join(' ', tokenizer.Encode(text, false).Select(id => tokenizer.TokenOf(id))));
    }

    [Fact]
    public void Neighbouring_unknown_characters_are_one_token()
    {
        var tokenizer = TokenizerFolders.Load(TokenizerFolders.Unigram());
        var encoded = tokenizer.EncodeWithOffsets("axyzb q", false);
        Assert.Equal(["▁a", "<unk>", "b", "▁", "<unk>"], encoded.Ids.Select(id => tokenizer.TokenOf(id)));
        Assert.Equal([new TextSpan(0, 1), new(1, 4), new(4, 5), new(5, 6), new(6, 7)], encoded.Spans);
    }

    [Fact]
    public void Bytes_stand_for_unknown_characters_where_the_vocabulary_falls_back()
    {
        var entries = Entries.Concat(Enumerable.Range(0, 256).Select(value => ($"<0x{value:X2}>", -100.0))).ToList();
        var model = new UnigramModel(entries, unknown: 0, byteFallback: true);
        Assert.Equal(["a", "<0xC3>", "<0xA9>", "b"], model.Encode("aéb").Ids.Select(id => model.Vocabulary.TokenOf(id)!));
    }

    [Fact]
    public void Viterbi_agrees_with_trying_every_segmentation() =>
        Gen.String[Gen.Char["abc"], 1, 12].Sample(text =>
        {
            var model = new UnigramModel(Entries, unknown: 0, byteFallback: false);
            var found = model.Encode(text).Ids.Sum(id => Entries[id].Score);
            Assert.Equal(Best(text), found, 1e-9);
        }, iter: 500);

    private static double Best(string text) => text.Length == 0 ? 0 : Entries.Skip(1)
        .Where(entry => text.StartsWith(entry.Piece, StringComparison.Ordinal))
        .Max(entry => entry.Score + Best(text[entry.Piece.Length..]));
}

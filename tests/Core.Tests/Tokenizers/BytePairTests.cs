using System.Text;
using CsCheck;
using Neoteny.Models.Tokenizers;
using Neoteny.Models.Tokenizers.Algorithms;

namespace Neoteny.Core.Tests.Tokenizers;

public class BytePairTests
{
    /// <summary>Text with letters, digits, blanks, marks, and characters of every length in UTF-8.</summary>
    internal static readonly Gen<string> Texts = Gen.OneOf(
        Gen.String[Gen.Char["abcd ef'ghel lo wor ld<s>123\n\t.é中"], 0, 60],
        Gen.Int[0, 0x10FFFF].Where(point => Rune.IsValid(point)).Select(point => new Rune(point).ToString()).Array[0, 20].Select(parts => string.Concat(parts)));

    private static readonly Lazy<Tokenizer> Trained = new(() =>
    {
        using var folder = new TemporaryFolder();
        BpeTrainer.Train(TextSamples.Words(4000, 5), 700, ["<s>"]).Save(folder.Path, new TokenizerMetadata { BosToken = "<s>", ModelMaxLength = 64 });
        return Tokenizer.Load(folder.Path);
    });

    [Fact]
    public void Decoding_what_was_encoded_gives_the_text_back() =>
        Texts.Sample(text =>
        {
            var ids = Trained.Value.Encode(text, addSpecialTokens: false);
            Assert.Equal(text, Trained.Value.Decode(ids, skipSpecialTokens: false));
        }, iter: 10_000);

    [Fact]
    public void Decoding_token_by_token_gives_the_text_without_a_broken_character() =>
        Texts.Sample(text =>
        {
            var stream = new DecodeStream(Trained.Value, skipSpecialTokens: false);
            var parts = Trained.Value.Encode(text, addSpecialTokens: false).Select(id => stream.Add(id)).ToList();
            if (!text.Contains('\uFFFD', StringComparison.Ordinal))
                Assert.DoesNotContain(parts, part => part.Contains('\uFFFD', StringComparison.Ordinal));
            Assert.Equal(text, string.Concat(parts) + stream.Finish());
        }, iter: 5_000);

    [Fact]
    public void Offsets_follow_one_another_and_cover_the_text() =>
        Texts.Sample(text =>
        {
            var encoded = Trained.Value.EncodeWithOffsets(text, addSpecialTokens: false, trims: false);
            Assert.Equal(Trained.Value.Encode(text, addSpecialTokens: false), encoded.Ids);
            var covered = 0;
            foreach (var span in encoded.Spans)
            {
                Assert.InRange(span.Start, 0, covered);
                Assert.True(span.End >= covered);
                covered = span.End;
            }

            Assert.Equal(text.Length, covered);
        }, iter: 5_000);

    [Fact]
    public void Merging_with_a_heap_gives_what_merging_one_pair_at_a_time_gives()
    {
        var merges = new MergeTable(16);
        (int Left, int Right)[] pairs = [(0, 1), (1, 1), (3, 2), (0, 0), (4, 3), (6, 1), (5, 5)];
        for (var rank = 0; rank < pairs.Length; rank++)
            merges.Add(pairs[rank].Left, pairs[rank].Right, rank, 3 + rank);
        Gen.Int[0, 2].Array[0, 40].Sample(symbols =>
        {
            var list = new SymbolList(symbols.Length);
            for (var i = 0; i < symbols.Length; i++)
                list.Add(symbols[i], i, i + 1);
            Assert.Equal(Naive(symbols, merges), list.Merge(merges).Ids);
        }, iter: 5_000);
    }

    [Fact]
    public void Ids_of_text_without_surrogate_pairs_are_those_of_Microsoft_ML_Tokenizers()
    {
        using var folder = new TemporaryFolder();
        BpeTrainer.Train(TextSamples.Words(4000, 5), 700, []).Save(folder.Path, new TokenizerMetadata { ModelMaxLength = 64 });
        var other = MicrosoftTokenizer.Over(folder.Path);
        var tokenizer = Tokenizer.Load(folder.Path);
        // Its patterns see half a character of a pair: after an emoji, letters are split off that belong to it.
        foreach (var text in TextSamples.Words(3000, 9).Select(word => word.Replace("😀", "", StringComparison.Ordinal)).Chunk(30).Select(words => string.Concat(words)))
            Assert.Equal(other.EncodeToIds(text), tokenizer.Encode(text, addSpecialTokens: false));
    }

    [Theory]
    [InlineData("hello world", "hello|Ġwor|ld")]
    [InlineData("a <mask> b", "a|<mask>|Ġ|b")]
    [InlineData("cat cats cat.", "cat|Ġ|c|a|t|s|Ġ|cat|.")]
    [InlineData("<s><s>", "<s>|<s>")]
    public void Added_tokens_are_found_by_their_rules(string text, string expected)
    {
        var tokenizer = TokenizerFolders.Load(TokenizerFolders.Bytes());
        Assert.Equal(expected, string.Join('|', tokenizer.Encode(text, false).Select(id => tokenizer.TokenOf(id))));
    }

    [Theory]
    [InlineData("ab  ab", "▁ab|▁|▁ab")]
    [InlineData("aéb", "▁|a|<0xC3>|<0xA9>|b")]
    [InlineData("a<unk>b", "▁|a|<unk>|▁|b")]
    public void Characters_without_a_token_fall_back_to_bytes(string text, string expected)
    {
        var tokenizer = TokenizerFolders.Load(TokenizerFolders.Characters());
        var ids = tokenizer.Encode(text, false);
        Assert.Equal(expected, string.Join('|', ids.Select(id => tokenizer.TokenOf(id))));
        Assert.Equal(text.Replace("<unk>b", "<unk> b", StringComparison.Ordinal), tokenizer.Decode(ids, skipSpecialTokens: false));
    }

    private static List<int> Naive(int[] symbols, MergeTable merges)
    {
        var list = symbols.ToList();
        while (true)
        {
            var best = Enumerable.Range(0, Math.Max(0, list.Count - 1))
                .Select(at => (At: at, Found: merges.TryGet(list[at], list[at + 1], out var merge), Merge: merge))
                .Where(candidate => candidate.Found)
                .OrderBy(candidate => candidate.Merge.Rank).ThenBy(candidate => candidate.At)
                .FirstOrDefault();
            if (!best.Found)
                return list;
            list[best.At] = best.Merge.Id;
            list.RemoveAt(best.At + 1);
        }
    }
}

using Neoteny.Models.Tokenizers;
using Neoteny.Models.Tokenizers.Patterns;
using Neoteny.Models.Tokenizers.PreTokenizers;

namespace Neoteny.Core.Tests.Tokenizers;

public class SplitPatternTests
{
    [Theory]
    [InlineData(@"\p{L}++|\s++$|\s+(?!\S)|\s", @"(?>\p{L}+)|(?>\s+)$|\s+(?!\S)|\s")]
    [InlineData(@"(?i:[sdmt]|ll|ve|re)", "(?i:[sdmt\u017F]|ll|ve|re)")]
    [InlineData("a(?i)b|c(?:d(?-i)e|f)|g", "a(?i:b|c(?:d(?-i:e|f))|g)")]
    [InlineData("[a-z&&[^aeiou]]", "(?:(?=[a-z])[^aeiou])")]
    [InlineData("[^a[bc]d]", @"(?:(?!(?:[ad]|[bc]))[\s\S])")]
    [InlineData(@"[^\r\n\p{L}\p{N}]?+\p{L}", @"(?>[^\r\n\p{L}\p{N}]?)\p{L}")]
    [InlineData(@"\p{N}{1,3}+", @"(?:\p{N}{1,3})+")]
    [InlineData(@"(?:ab)*+c", "(?>(?:ab)*)c")]
    [InlineData(@"[!\[\]_-]+?", @"[!\[\]_-]+?")]
    [InlineData(@"\x{4e00}|[\x{4E00}-\x{9FA5}]", @"\u4E00|[\u4E00-\u9FA5]")]
    public void A_pattern_is_written_for_this_runtime(string given, string expected) =>
        Assert.Equal(expected, PatternTranslator.Translate(given).Output.ToString());

    [Theory]
    [InlineData("[[:alpha:]]", "POSIX brackets such as [:alpha:] are not supported")]
    [InlineData("[a-z&&]", "a side of && in a class is empty")]
    [InlineData("(a", "a group is not closed")]
    [InlineData("a)", "a ')' closes nothing")]
    [InlineData("[a", "a character class is not closed")]
    [InlineData("(?m)a", "the option (?m) is not supported")]
    [InlineData(@"\p{Klingon}", @"the property \p{Klingon} is not supported; general categories such as \p{L} and scripts such as \p{Han} are")]
    [InlineData(@"[\p{Gothic}]", "the script Gothic lies beyond U+FFFF and is not supported")]
    public void What_cannot_be_translated_is_refused(string pattern, string reason)
    {
        var root = TokenizerFolders.Bytes();
        root["pre_tokenizer"] = new System.Text.Json.Nodes.JsonObject
        {
            ["type"] = "Split",
            ["behavior"] = "Isolated",
            ["pattern"] = new System.Text.Json.Nodes.JsonObject { ["Regex"] = pattern },
        };
        var error = Assert.Throws<InputException>(() => TokenizerFolders.Load(root));
        Assert.Contains("tokenizer.json, at pre_tokenizer.pattern.Regex: this pattern cannot be used: " + reason, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(SplitBehavior.Removed, "a|b|c")]
    [InlineData(SplitBehavior.Isolated, "a|-|b|-|-|c")]
    [InlineData(SplitBehavior.MergedWithPrevious, "a-|b-|-|c")]
    [InlineData(SplitBehavior.MergedWithNext, "a|-b|-|-c")]
    [InlineData(SplitBehavior.Contiguous, "a|-|b|--|c")]
    internal void Delimiters_go_where_the_behavior_says(SplitBehavior behavior, string expected) =>
        Assert.Equal(expected, Pieces(new SplitPreTokenizer(SplitPattern.Literal("-"), behavior), "a-b--c"));

    [Theory]
    [InlineData("𝕳𝖊𝖑𝖑𝖔 wörld", "𝕳𝖊𝖑𝖑𝖔| wörld")]
    [InlineData("a😀😀b", "a|😀😀|b")]
    [InlineData("x𝟙𝟚 ٣٤", "x|𝟙𝟚| ٣٤")]
    [InlineData("It's  a\n\ntest", "It|'s| | a|\n\n|test")]
    public void Characters_beyond_the_basic_plane_count_as_one_of_their_category(string text, string expected) =>
        Assert.Equal(expected, Pieces(new SplitPreTokenizer(SplitPattern.Parse(PreTokenizerReader.Gpt2Pattern), SplitBehavior.Isolated), text)
            .Replace("\n|\n", "\n\n", StringComparison.Ordinal));

    /// <summary>Expected by Oniguruma 6.9, through the tokenizers library.</summary>
    [Theory]
    [InlineData(@"\p{Han}+", "a𠀀漢〇b𝒜カ", "𠀀漢〇")]
    [InlineData(@"\p{hira gana}+|\p{KATAKANA}+", "かなカナ漢", "かな|カナ")]
    [InlineData(@"\P{Han}+", "a𠀀漢b𝒜", "a|b𝒜")]
    [InlineData(@"[^\p{Han}b]+", "a𠀀漢b𝒜", "a|𝒜")]
    [InlineData(@"[\P{Latin}b]+", "abc漢d", "b|漢")]
    [InlineData(@"\p{Uppercase_Letter}+", "abCDe", "CD")]
    [InlineData(@"[\p{L}&&[^\p{Lu}]]+", "abCDe1", "ab|e")]
    [InlineData(@"[a-w&&[^c-g]z]+", "abcdhz", "ab|h")]
    [InlineData(@"[^a-w&&[^c-g]z]+", "abcdhz", "cd|z")]
    [InlineData(@"(?i)[r-t]+|k", "rSſtKkx", "rSſt|K|k")]
    [InlineData(@"x(?i)y|z", "xYxZxzz", "xY|xZ|xz")]
    [InlineData(@"\w+", "a²Ⓐ½b-c", "a²Ⓐ½b|c")]
    [InlineData(@"[\w]+", "a²Ⓐ½b-c", "a|Ⓐ|b|c")]
    [InlineData(@"a\b", "a\u200Da a²aि a", "a|a|a")]
    internal void Scripts_set_operations_and_options_match_what_they_match_elsewhere(string pattern, string text, string expected) =>
        Assert.Equal(expected, Pieces(new SplitPreTokenizer(SplitPattern.Parse(pattern), SplitBehavior.Removed, invert: true), text));

    [Fact]
    public void A_pattern_that_backtracks_without_end_is_stopped()
    {
        var pattern = SplitPattern.Parse("(?:a|aa)+$");
        var error = Assert.Throws<InputException>(() => pattern.Matches(new string('a', 60) + "c", 0, static (_, _, _) => { }));
        Assert.Equal(
            "The pattern '(?:a|aa)+$' of tokenizer.json took more than 5 seconds on a text of 61 characters. Simplify the pattern, or split the text.",
            error.Message);
    }

    private static string Pieces(SplitPreTokenizer splitter, string text)
    {
        var pieces = new List<string>();
        splitter.Split(Piece.Whole(new AlignedText(text)), piece => pieces.Add(piece.Span.ToString()));
        return string.Join('|', pieces);
    }
}

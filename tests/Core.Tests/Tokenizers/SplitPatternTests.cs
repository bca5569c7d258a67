using Neoteny.Models.Tokenizers;
using Neoteny.Models.Tokenizers.Patterns;
using Neoteny.Models.Tokenizers.PreTokenizers;

namespace Neoteny.Core.Tests.Tokenizers;

public class SplitPatternTests
{
    [Theory]
    [InlineData(@"\p{L}++|\s++$|\s+(?!\S)|\s", @"(?>\p{L}+)|(?>\s+)$|\s+(?!\S)|\s")]
    [InlineData(@"(?i:[sdmt]|ll|ve|re)", "(?i:[\u017Fsdmt]|ll|ve|re)")]
    [InlineData(@"[^\r\n\p{L}\p{N}]?+\p{L}", @"(?>[^\r\n\p{L}\p{N}]?)\p{L}")]
    [InlineData(@"\p{N}{1,3}+", @"(?:\p{N}{1,3})+")]
    [InlineData(@"(?:ab)*+c", "(?>(?:ab)*)c")]
    [InlineData(@"[!\[\]_-]+?", @"[!\[\]_-]+?")]
    [InlineData(@"\x{4e00}|[\x{4E00}-\x{9FA5}]", @"\u4E00|[\u4E00-\u9FA5]")]
    public void A_pattern_is_written_for_this_runtime(string given, string expected) =>
        Assert.Equal(expected, PatternTranslator.Translate(given));

    [Theory]
    [InlineData("[[:alpha:]]", "POSIX brackets such as [:alpha:] are not supported")]
    [InlineData("[a-z&&[aeiou]]", "the intersection of classes (&&) is not supported")]
    [InlineData("(a", "a group is not closed")]
    [InlineData("a)", "a ')' closes nothing")]
    [InlineData("[a", "a character class is not closed")]
    [InlineData("(?m)a", "the option (?m) is not supported")]
    [InlineData(@"\p{Han}", "")]
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

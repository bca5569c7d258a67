using System.Text.Json.Nodes;

namespace Neoteny.Core.Tests.Tokenizers;

/// <summary><c>trim_offsets</c>: expected values follow from the rule of the tokenizers library, token by token.</summary>
public class TrimmedOffsetTests
{
    // Tokens of "hello wor  ld ": hello, Ġwor, Ġ, Ġ, ld, Ġ.
    private const string Text = "hello wor  ld ";

    [Theory]
    [InlineData(true, false, "0-5 6-9 10-10 11-11 11-13 14-14")]
    [InlineData(true, true, "0-5 6-9 10-10 11-11 11-13 14-14")]
    [InlineData(false, true, "0-5 5-9 9-10 10-11 11-13 13-14")]
    public void Spaces_at_the_edges_of_tokens_leave_their_ranges(bool trims, bool prefixes, string expected)
        => Assert.Equal(expected, Spans(Step("ByteLevel", trims, prefixes), Text, trims: true));

    [Theory]
    [InlineData(true, "0-4 4-6")]
    [InlineData(false, "1-4 4-6")]
    public void One_space_before_the_first_token_stays_where_it_may_be_the_added_one(bool prefixes, string expected)
        => Assert.Equal(expected, Spans(Step("ByteLevel", trims: true, prefixes), " world", trims: true));

    [Fact]
    public void The_ranges_without_trimming_can_be_had_too()
        => Assert.Equal("0-5 5-9 9-10 10-11 11-13 13-14", Spans(Step("ByteLevel", trims: true, prefixes: false), Text, trims: false));

    [Fact]
    public void A_sequence_and_RoBERTas_processor_trim_too_and_leave_their_own_tokens_alone()
    {
        var template = TokenizerFolders.Bytes()["post_processor"]!.ToJsonString();
        var sequence = $$"""{"type": "Sequence", "processors": [{{Step("ByteLevel", true, false)}}, {{template}}]}""";
        Assert.Equal("0-0 0-5 6-9 10-10 11-11 11-13 14-14", Spans(sequence, Text, trims: true));
        Assert.Equal("0-0 0-5 6-9 10-10 11-11 11-13 14-14 14-14", Spans(Step("RobertaProcessing", true, false), Text, trims: true));
    }

    private static string Step(string type, bool trims, bool prefixes) => new JsonObject
    {
        ["type"] = type,
        ["trim_offsets"] = trims,
        ["add_prefix_space"] = prefixes,
        ["cls"] = new JsonArray("<s>", 264),
        ["sep"] = new JsonArray("<s>", 264),
    }.ToJsonString();

    private static string Spans(string processor, string text, bool trims)
    {
        var root = TokenizerFolders.Bytes();
        root["post_processor"] = JsonNode.Parse(processor);
        var encoded = TokenizerFolders.Load(root).EncodeWithOffsets(text, addSpecialTokens: true, trims);
        return string.Join(' ', encoded.Spans.Select(s => $"{s.Start}-{s.End}"));
    }
}

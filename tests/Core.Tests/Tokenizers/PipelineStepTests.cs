using System.Text.Json.Nodes;

namespace Neoteny.Core.Tests.Tokenizers;

/// <summary>Steps of tokenizer.json that few files have. Expected values are those of the tokenizers library (0.21, Rust).</summary>
public class PipelineStepTests
{
    private const string Bytes = """{"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true}""";
    private const string BytesAlone = """{"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": false}""";

    private const string Falcon = $$"""
        [{"type": "Punctuation", "behavior": "Contiguous"}, {{Bytes}}, {"type": "Digits", "individual_digits": false},
         {"type": "Split", "pattern": {"Regex": "[0-9][0-9][0-9]"}, "behavior": "Isolated", "invert": false}]
        """;

    [Theory]
    [InlineData(Falcon, "hello1234 !!é", "hello|1|2|3|4|Ġ|!|!|Ã|©")]
    [InlineData($$"""[{"type": "Sequence", "pretokenizers": [{{BytesAlone}}]}, {"type": "Split", "pattern": {"String": "Ġ"}, "behavior": "Removed"}]""", "hell hello", "hell|hello")]
    [InlineData($$"""[{"type": "FixedLength", "length": 2}, {{BytesAlone}}]""", "hello world", "he|ll|o|Ġ|w|o|r|l|d")]
    [InlineData($$"""[{"type": "UnicodeScripts"}, {{BytesAlone}}]""", "  hello漢ー hell", "hello|æ|¼|¢|ã|ĥ|¼|Ġ|hell")]
    public void A_text_is_split(string steps, string text, string expected)
    {
        var root = TokenizerFolders.Bytes();
        (root["pre_tokenizer"], root["post_processor"]) = (new JsonObject { ["type"] = "Sequence", ["pretokenizers"] = JsonNode.Parse(steps) }, null);
        var tokenizer = TokenizerFolders.Load(root);
        Assert.Equal(expected, string.Join('|', tokenizer.Encode(text, false).Select(tokenizer.TokenOf)));
    }

    [Fact]
    public void Merges_do_not_cross_what_follows_ByteLevel()
    {
        var root = TokenizerFolders.Bytes();
        root["pre_tokenizer"] = JsonNode.Parse($$"""{"type": "Sequence", "pretokenizers": [{{BytesAlone}}, {"type": "Split", "pattern": {"String": "l"}, "behavior": "MergedWithPrevious"}]}""");
        var tokenizer = TokenizerFolders.Load(root);
        var encoded = tokenizer.EncodeWithOffsets("é hello", false);
        Assert.Equal("Ã|©|Ġ|he|l|l|o", string.Join('|', encoded.Ids.Select(tokenizer.TokenOf)));
        Assert.Equal([(0, 1), (0, 1), (1, 2), (2, 4), (4, 5), (5, 6), (6, 7)], encoded.Spans.Select(s => (s.Start, s.End)));
    }

    [Theory]
    [InlineData("""{"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true, "strip_accents": null, "lowercase": true}""", "Él\u0000è\tve\u200b漢İ\ue000", "ele ve 漢 i")]
    [InlineData("""{"type": "BertNormalizer", "clean_text": false, "handle_chinese_chars": false, "strip_accents": null, "lowercase": false}""", "É\t漢", "É\t漢")]
    [InlineData("""{"type": "BertNormalizer", "clean_text": false, "handle_chinese_chars": false, "strip_accents": false, "lowercase": true}""", "É", "é")]
    [InlineData("""{"type": "BertNormalizer", "clean_text": false, "handle_chinese_chars": false, "strip_accents": true, "lowercase": false}""", "É", "E")]
    [InlineData("""{"type": "ByteLevel"}""", "a é", "aĠÃ©")]
    public void A_normalizer_rewrites(string normalizer, string text, string expected)
    {
        var tokenizer = TokenizerFolders.Load(TokenizerFolders.Normalizing(normalizer));
        Assert.Equal(expected, tokenizer.Decode(tokenizer.Encode(text, false), false));
    }

    [Theory]
    [InlineData("""{"type": "WordPiece", "prefix": "b", "cleanup": true}""", "a|b|ba|<s>|.|ab", "aa <s>. ab")]
    [InlineData("""{"type": "WordPiece", "prefix": "##", "cleanup": false}""", "a|.|b", "a . b")]
    [InlineData("""{"type": "CTC", "pad_token": "<pad>", "word_delimiter_token": "|", "cleanup": true}""", "<pad>|a|a|<pad>|a|b|b", "aab")]
    [InlineData("""{"type": "CTC", "pad_token": "<pad>", "word_delimiter_token": ".", "cleanup": true}""", "a|.|b", "a b")]
    [InlineData("""{"type": "CTC", "pad_token": "<pad>", "word_delimiter_token": ".", "cleanup": false}""", "a|.|b", "a.b")]
    public void Tokens_are_joined(string decoder, string tokens, string expected)
    {
        var root = TokenizerFolders.Unigram();
        var vocabulary = root["model"]!["vocab"]!.AsArray();
        foreach (var more in new[] { "ba", "<s>", ".", "<pad>" })
            vocabulary.Add(new JsonArray(more, -9));
        root["decoder"] = JsonNode.Parse(decoder);
        var tokenizer = TokenizerFolders.Load(root);
        Assert.Equal(expected, tokenizer.Decode([.. tokens.Split('|').Select(t => tokenizer.IdOf(t)!.Value)], skipSpecialTokens: false));
    }

    [Theory]
    [InlineData("FixedLength", """{"type": "FixedLength", "length": 0}""", "at pre_tokenizer.length: a piece has at least one character.")]
    [InlineData("CTC", """{"type": "CTC", "pad_token": ""}""", "at decoder.pad_token: the text must not be empty.")]
    public void Steps_that_cannot_work_are_refused(string kind, string step, string reason)
    {
        var root = TokenizerFolders.Bytes();
        root[kind == "CTC" ? "decoder" : "pre_tokenizer"] = JsonNode.Parse(step);
        Assert.Contains(reason, Assert.Throws<InputException>(() => TokenizerFolders.Load(root)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("GPTNeoXTokenizer", "", "hello")]
    [InlineData("GPTNeoXTokenizerFast", ", \"add_bos_token\": true, \"add_eos_token\": true", "<mask>|hello|<s>")]
    [InlineData("GPTNeoXTokenizer", ", \"bos_token\": null, \"add_bos_token\": true", "hello")]
    [InlineData("LlamaTokenizer", ", \"add_bos_token\": false, \"add_eos_token\": true", "<s>|hello")]
    [InlineData("PreTrainedTokenizerFast", ", \"add_eos_token\": true", "<s>|hello")]
    public void The_keys_that_add_ends_count_for_one_class_alone(string tokenizerClass, string keys, string expected)
    {
        using var folder = new TemporaryFolder();
        folder.Write("tokenizer_config.json", $$"""{"tokenizer_class": "{{tokenizerClass}}", "eos_token": "<s>"{{(keys.Contains("null", StringComparison.Ordinal) ? "" : ", \"bos_token\": \"<mask>\"")}}{{keys}}}""");
        var tokenizer = Models.Tokenizers.Tokenizer.Load(folder.Write("tokenizer.json", TokenizerFolders.Bytes().ToJsonString()));
        Assert.Equal(expected, string.Join('|', tokenizer.Encode("hello", true).Select(tokenizer.TokenOf)));
    }

    [Theory]
    [InlineData("cat", "cat")]
    [InlineData("cat\u200D", "c|a|t")]
    [InlineData("\u200Ccat", "c|a|t")]
    [InlineData("catⒶ", "c|a|t")]
    [InlineData("cat²", "cat")]
    [InlineData("cat-", "cat")]
    public void Joiners_and_letters_in_circles_are_part_of_a_word(string text, string expected)
    {
        var tokenizer = TokenizerFolders.Load(TokenizerFolders.Bytes());
        var tokens = string.Join('|', tokenizer.Encode(text, false).Select(tokenizer.TokenOf));
        Assert.Contains(expected, tokens, StringComparison.Ordinal);
        Assert.Equal(expected == "cat", tokens.Contains("cat", StringComparison.Ordinal));
    }
}

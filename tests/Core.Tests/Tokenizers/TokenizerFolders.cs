using System.Text.Json.Nodes;

namespace Neoteny.Core.Tests.Tokenizers;

/// <summary>Small tokenizer.json files written by hand.</summary>
internal static class TokenizerFolders
{
    /// <summary>BPE over bytes with a few merges, two special tokens, and one added token that strips.</summary>
    public static JsonObject Bytes()
    {
        var vocabulary = new JsonObject();
        foreach (var value in Enumerable.Range(0, 256))
            vocabulary[Models.Tokenizers.Algorithms.ByteAlphabet.CharacterOf((byte)value).ToString()] = value;
        foreach (var (token, i) in new[] { "he", "ll", "hell", "hello", "Ġw", "or", "Ġwor", "ld" }.Select((token, i) => (token, i)))
            vocabulary[token] = 256 + i;
        return Parse("""
            {"version": "1.0", "normalizer": {"type": "NFC"},
             "added_tokens": [
              {"id": 264, "content": "<s>", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true},
              {"id": 265, "content": "<mask>", "single_word": false, "lstrip": true, "rstrip": false, "normalized": false, "special": true},
              {"id": 266, "content": "cat", "single_word": true, "lstrip": false, "rstrip": false, "normalized": true, "special": false}],
             "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true},
             "post_processor": {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
              "pair": [], "special_tokens": {"<s>": {"id": "<s>", "ids": [264], "tokens": ["<s>"]}}},
             "decoder": {"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true},
             "model": {"type": "BPE", "vocab": {}, "merges": ["h e", "l l", "he ll", "hell o", ["Ġ", "w"], ["o", "r"], ["Ġw", "or"], ["l", "d"]]}}
            """, vocabulary);
    }

    /// <summary>The same with steps that few files have.</summary>
    public static JsonObject Steps()
    {
        var root = Bytes();
        root["normalizer"] = JsonNode.Parse("""{"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true, "strip_accents": null, "lowercase": true}""");
        root["pre_tokenizer"] = JsonNode.Parse("""
            {"type": "Sequence", "pretokenizers": [{"type": "UnicodeScripts"}, {"type": "FixedLength", "length": 9},
             {"type": "Split", "pattern": {"Regex": "(?i)\\p{Han}+|[\\w&&[^\\d_]]+\\b|[^a[b-d]]"}, "behavior": "Isolated", "invert": false},
             {"type": "ByteLevel", "add_prefix_space": false, "use_regex": false}, {"type": "Digits", "individual_digits": true}]}
            """);
        root["post_processor"] = JsonNode.Parse("""{"type": "RobertaProcessing", "cls": ["<s>", 264], "sep": ["<mask>", 265], "trim_offsets": true, "add_prefix_space": true}""");
        root["decoder"] = JsonNode.Parse("""{"type": "Sequence", "decoders": [{"type": "WordPiece", "prefix": "##", "cleanup": true}, {"type": "CTC", "pad_token": "<pad>"}]}""");
        return root;
    }

    /// <summary>Unigram with Metaspace, after SentencePiece.</summary>
    public static JsonObject Unigram() => Parse("""
        {"version": "1.0", "added_tokens": [{"id": 0, "content": "<unk>", "special": true, "normalized": false}],
         "normalizer": {"type": "Sequence", "normalizers": [{"type": "Nmt"}, {"type": "NFKC"}, {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": " "}]},
         "pre_tokenizer": {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": true},
         "decoder": {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": true},
         "model": {"type": "Unigram", "unk_id": 0, "byte_fallback": false, "vocab": [
          ["<unk>", 0], ["▁", -2.5], ["a", -3], ["b", -3.25], ["c", -3.5], ["ab", -4], ["bc", -4.5], ["abc", -7.75], ["▁a", -3.75], ["▁ab", -5], ["ca", -6.5], ["😀", -4]]}}
        """);

    /// <summary>BPE over characters with byte fallback and SentencePiece's spaces.</summary>
    public static JsonObject Characters()
    {
        var vocabulary = new JsonObject { ["<unk>"] = 0 };
        foreach (var value in Enumerable.Range(0, 256))
            vocabulary[$"<0x{value:X2}>"] = value + 1;
        foreach (var (token, i) in new[] { "▁", "a", "b", "ab", "▁ab", "▁▁" }.Select((token, i) => (token, i)))
            vocabulary[token] = 257 + i;
        return Parse("""
            {"version": "1.0", "added_tokens": [{"id": 0, "content": "<unk>", "special": true, "normalized": false}],
             "normalizer": {"type": "Sequence", "normalizers": [{"type": "Prepend", "prepend": "▁"}, {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}]},
             "pre_tokenizer": null,
             "decoder": {"type": "Sequence", "decoders": [{"type": "Replace", "pattern": {"String": "▁"}, "content": " "}, {"type": "ByteFallback"}, {"type": "Fuse"},
              {"type": "Strip", "content": " ", "start": 1, "stop": 0}]},
             "model": {"type": "BPE", "unk_token": "<unk>", "fuse_unk": true, "byte_fallback": true, "vocab": {}, "merges": ["a b", "▁ ab", "▁ ▁"]}}
            """, vocabulary);
    }

    /// <summary>A tokenizer whose decoded ids are the normalized text.</summary>
    public static JsonObject Normalizing(string normalizer)
    {
        var root = Characters();
        root["normalizer"] = JsonNode.Parse(normalizer);
        root["decoder"] = new JsonObject { ["type"] = "ByteFallback" };
        return root;
    }

    public static Models.Tokenizers.Tokenizer Load(JsonObject root)
    {
        using var folder = new TemporaryFolder();
        return Models.Tokenizers.Tokenizer.Load(folder.Write("tokenizer.json", root.ToJsonString()));
    }

    private static JsonObject Parse(string json, JsonObject? vocabulary = null)
    {
        var root = JsonNode.Parse(json)!.AsObject();
        if (vocabulary is not null)
            root["model"]!["vocab"] = vocabulary;
        return root;
    }
}

using Neoteny.Models.Tokenizers.Json;
using Neoteny.Models.Tokenizers.Patterns;

namespace Neoteny.Models.Tokenizers.Decoders;

/// <summary>Builds the <c>decoder</c> of a tokenizer.json.</summary>
internal static class DecoderReader
{
    private const string Known = "BPEDecoder, ByteFallback, ByteLevel, CTC, Fuse, Metaspace, Replace, Sequence, Strip, WordPiece";

    public static IDecoder Read(JsonValue value)
    {
        switch (value.Type())
        {
            case "Sequence":
                return new SequenceDecoder([.. value.Get("decoders").Items().Select(Read)]);
            case "ByteLevel":
                return new ByteLevelDecoder();
            case "ByteFallback":
                return new ByteFallbackDecoder();
            case "Fuse":
                return new FuseDecoder();
            case "Metaspace":
                return Metaspace(value);
            case "Replace":
                return Replace(value);
            case "Strip":
                return Strip(value);
            case "BPEDecoder":
                var suffix = value.Text("suffix") is { Length: > 0 } text ? text : throw value.Fail("the suffix must not be empty.");
                return new MapDecoder((token, i, count) => token.Replace(suffix, i == count - 1 ? "" : " ", StringComparison.Ordinal));
            case "WordPiece":
                return new WordPieceDecoder(value.Text("prefix") ?? "##", value.Flag("cleanup", true));
            case "CTC":
                return new CtcDecoder(NotEmpty(value, "pad_token", "<pad>"), NotEmpty(value, "word_delimiter_token", "|"), value.Flag("cleanup", true));
            case var other:
                throw value.Fail($"the decoder '{other}' is not supported. Supported are {Known}.");
        }
    }

    private static string NotEmpty(JsonValue value, string key, string otherwise) =>
        (value.Text(key) ?? otherwise) is { Length: > 0 } text ? text : throw value.Get(key).Fail("the text must not be empty.");

    private static MapDecoder Metaspace(JsonValue value)
    {
        var mark = value.Text("replacement") is { Length: > 0 } text ? text : "\u2581";
        var prepends = value.Text("prepend_scheme") is { } scheme ? scheme != "never" : value.Flag("add_prefix_space", true);
        return new MapDecoder((token, i, _) => token.Replace(mark, i == 0 && prepends ? "" : " ", StringComparison.Ordinal));
    }

    private static MapDecoder Replace(JsonValue value)
    {
        var content = value.Get("content").Text();
        var pattern = SplitPattern.Read(value.Get("pattern"));
        return new MapDecoder((token, _, _) => pattern.Replace(token, content));
    }

    private static MapDecoder Strip(JsonValue value)
    {
        var content = value.Get("content").Text();
        var (start, stop) = (value.Get("start").Id(), value.Get("stop").Id());
        return new MapDecoder((token, _, _) =>
        {
            var (from, to) = (0, token.Length);
            for (var n = 0; n < start && content.Length > 0 && token.AsSpan(from, to - from).StartsWith(content); n++)
                from += content.Length;
            for (var n = 0; n < stop && content.Length > 0 && token.AsSpan(from, to - from).EndsWith(content); n++)
                to -= content.Length;
            return token[from..to];
        });
    }
}

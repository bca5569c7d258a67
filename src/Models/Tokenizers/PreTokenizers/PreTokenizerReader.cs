using Neoteny.Models.Tokenizers.Algorithms;
using Neoteny.Models.Tokenizers.Json;
using Neoteny.Models.Tokenizers.Patterns;

namespace Neoteny.Models.Tokenizers.PreTokenizers;

/// <summary>Builds the <c>pre_tokenizer</c> of a tokenizer.json.</summary>
internal static class PreTokenizerReader
{
    /// <summary>The pattern of GPT-2, which ByteLevel splits with unless told otherwise.</summary>
    public const string Gpt2Pattern = @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";

    private const string PunctuationPattern = @"[\p{P}$+<=>^`|~]";

    private const string Known =
        "BertPreTokenizer, ByteLevel, CharDelimiterSplit, Digits, FixedLength, Metaspace, Punctuation, Sequence, Split, UnicodeScripts, Whitespace, WhitespaceSplit";

    /// <summary>Reads one pre-tokenizer. <paramref name="bytes"/> tells whether pieces go to the model as bytes in GPT-2's alphabet.</summary>
    public static IPreTokenizer Read(JsonValue value, out bool bytes)
    {
        bytes = false;
        switch (value.Type())
        {
            case "Sequence":
                return Sequence(value, out bytes);
            case "ByteLevel":
                bytes = true;
                return ByteLevel(value);
            case "Split":
                return new SplitPreTokenizer(SplitPattern.Read(value.Get("pattern")), Behavior(value.Get("behavior")), value.Flag("invert", false));
            case "Metaspace":
                return Metaspace(value);
            case "Digits":
                return Pattern(@"\p{N}", value.Flag("individual_digits", false) ? SplitBehavior.Isolated : SplitBehavior.Contiguous);
            case "Punctuation":
                return Pattern(PunctuationPattern, value.Find("behavior") is { } named ? Behavior(named) : SplitBehavior.Isolated);
            case "Whitespace":
                return Pattern(@"\w+|[^\w\s]+", SplitBehavior.Removed, invert: true);
            case "WhitespaceSplit":
                return Pattern(@"\s", SplitBehavior.Removed);
            case "BertPreTokenizer":
                return new SequencePreTokenizer([Pattern(@"\s", SplitBehavior.Removed), Pattern(PunctuationPattern, SplitBehavior.Isolated)]);
            case "CharDelimiterSplit":
                return new SplitPreTokenizer(SplitPattern.Literal(value.Get("delimiter").Text()), SplitBehavior.Removed);
            case "FixedLength":
                return FixedLength(value);
            case "UnicodeScripts":
                return new ScriptPreTokenizer();
            case var other:
                throw value.Fail($"the pre-tokenizer '{other}' is not supported. Supported are {Known}.");
        }
    }

    private static SequencePreTokenizer Sequence(JsonValue value, out bool bytes)
    {
        bytes = false;
        var steps = new List<IPreTokenizer>();
        foreach (var item in value.Get("pretokenizers").Items())
        {
            if (bytes)
                steps.Add(new AlphabetWriter());
            steps.Add(Read(item, out bytes));
        }

        return new SequencePreTokenizer(steps);
    }

    private static FixedLengthPreTokenizer FixedLength(JsonValue value)
    {
        var length = value.Find("length")?.Id() ?? 5;
        return length > 0 ? new FixedLengthPreTokenizer(length) : throw value.Get("length").Fail("a piece has at least one character.");
    }

    private static SequencePreTokenizer ByteLevel(JsonValue value)
    {
        var steps = new List<IPreTokenizer>();
        if (value.Flag("add_prefix_space", true))
            steps.Add(new PrefixSpacePreTokenizer());
        if (value.Flag("use_regex", true))
            steps.Add(Pattern(Gpt2Pattern, SplitBehavior.Isolated));
        return new SequencePreTokenizer(steps);
    }

    private static MetaspacePreTokenizer Metaspace(JsonValue value)
    {
        var scheme = value.Find("prepend_scheme") is { } named
            ? named.Text() switch
            {
                "always" => PrependScheme.Always,
                "first" => PrependScheme.First,
                "never" => PrependScheme.Never,
                var other => throw named.Fail($"'{other}' is not one of always, first, never."),
            }
            : value.Flag("add_prefix_space", true) ? PrependScheme.Always : PrependScheme.Never;
        return new MetaspacePreTokenizer(value.Text("replacement") ?? "\u2581", scheme, value.Flag("split", true));
    }

    private static SplitBehavior Behavior(JsonValue value) => value.Text() switch
    {
        "Removed" or "removed" => SplitBehavior.Removed,
        "Isolated" or "isolated" => SplitBehavior.Isolated,
        "MergedWithPrevious" or "merged_with_previous" => SplitBehavior.MergedWithPrevious,
        "MergedWithNext" or "merged_with_next" => SplitBehavior.MergedWithNext,
        "Contiguous" or "contiguous" => SplitBehavior.Contiguous,
        var other => throw value.Fail(
            $"'{other}' is not one of Removed, Isolated, MergedWithPrevious, MergedWithNext, Contiguous."),
    };

    private static SplitPreTokenizer Pattern(string pattern, SplitBehavior behavior, bool invert = false) =>
        new(SplitPattern.Parse(pattern), behavior, invert);
}

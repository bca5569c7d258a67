using Neoteny.Models.Tokenizers.Json;

namespace Neoteny.Models.Tokenizers.PostProcessors;

/// <summary>The ids that are put before and behind every text, and how ranges of tokens are trimmed.</summary>
internal sealed record PostProcessor(int[] Before, int[] Behind)
{
    /// <summary>Applied in order to the ranges of the text's own tokens.</summary>
    public OffsetTrimmer[] Trimmers { get; private init; } = [];

    public static PostProcessor None { get; } = new([], []);

    public static PostProcessor Read(JsonValue value) => value.Type() switch
    {
        "ByteLevel" => None with { Trimmers = OffsetTrimmer.Read(value) },
        "TemplateProcessing" => Template(value),
        "BertProcessing" => Around(value),
        "RobertaProcessing" => Around(value) with { Trimmers = OffsetTrimmer.Read(value) },
        "Sequence" => value.Get("processors").Items().Select(Read).Aggregate(None, (inner, outer) =>
            new PostProcessor([.. outer.Before, .. inner.Before], [.. inner.Behind, .. outer.Behind]) { Trimmers = [.. inner.Trimmers, .. outer.Trimmers] }),
        var other => throw value.Fail(
            $"the post-processor '{other}' is not supported. Supported are BertProcessing, ByteLevel, RobertaProcessing, Sequence, TemplateProcessing."),
    };

    private static PostProcessor Around(JsonValue value) => new([Labelled(value.Get("cls"))], [Labelled(value.Get("sep"))]);

    private static PostProcessor Template(JsonValue value)
    {
        var (before, behind) = (new List<int>(), new List<int>());
        var texts = 0;
        foreach (var item in value.Get("single").Items())
        {
            if (item.Find("Sequence") is not null)
                texts++;
            else
                (texts == 0 ? before : behind).AddRange(Special(item.Get("SpecialToken").Get("id"), value));
        }

        return texts == 1
            ? new PostProcessor([.. before], [.. behind])
            : throw value.Get("single").Fail($"a template for one text has exactly one Sequence, found {texts}.");
    }

    private static int[] Special(JsonValue name, JsonValue template)
    {
        var entry = template.Get("special_tokens").Find(name.Text())
            ?? throw name.Fail($"'{name.Text()}' is not among the special_tokens of the template.");
        return [.. entry.Get("ids").Items().Select(id => id.Id())];
    }

    private static int Labelled(JsonValue pair)
    {
        var parts = pair.Items().ToArray();
        return parts.Length == 2 ? parts[1].Id() : throw pair.Fail("expected a pair of token and id.");
    }
}

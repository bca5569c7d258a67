using Neoteny.Models.Tokenizers.Json;

namespace Neoteny.Models.Tokenizers.Algorithms;

/// <summary>Reads a model of type BPE.</summary>
internal static class BytePairReader
{
    public static BytePairModel Read(JsonValue model, bool bytes)
    {
        if (model.Find("dropout") is { } dropout && dropout.Number() > 0)
            throw dropout.Fail("dropout makes tokens random and is not supported. Set it to null.");
        var settings = new BytePairSettings
        {
            Bytes = bytes,
            ByteFallback = model.Flag("byte_fallback", false),
            IgnoreMerges = model.Flag("ignore_merges", false),
            FuseUnknown = model.Flag("fuse_unk", false),
            UnknownToken = model.Text("unk_token"),
            SubwordPrefix = model.Text("continuing_subword_prefix") ?? "",
            WordSuffix = model.Text("end_of_word_suffix") ?? "",
        };
        if (bytes && settings.SubwordPrefix.Length + settings.WordSuffix.Length > 0)
            throw model.Fail("a subword prefix or word suffix together with ByteLevel is not supported.");
        var ids = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var (token, id) in model.Get("vocab").Members())
            ids[token] = id.Id();
        var vocabulary = new Vocabulary(ids);
        return new BytePairModel(vocabulary, Merges(model.Get("merges"), vocabulary, settings.SubwordPrefix.Length), settings);
    }

    private static MergeTable Merges(JsonValue list, Vocabulary vocabulary, int prefixLength)
    {
        var merges = new MergeTable(list.Items().Count());
        var rank = 0;
        foreach (var item in list.Items())
        {
            var (left, right) = Pair(item);
            var joined = left + (right.Length > prefixLength ? right[prefixLength..] : "");
            merges.Add(Id(left, item, vocabulary), Id(right, item, vocabulary), rank++, Id(joined, item, vocabulary));
        }

        return merges;
    }

    private static (string Left, string Right) Pair(JsonValue item)
    {
        if (item.Element.ValueKind == System.Text.Json.JsonValueKind.Array)
        {
            var parts = item.Items().Select(part => part.Text()).ToArray();
            return parts.Length == 2 ? (parts[0], parts[1]) : throw item.Fail($"a merge has two parts, found {parts.Length}.");
        }

        var fields = item.Text().Split(' ');
        return fields.Length == 2 ? (fields[0], fields[1]) : throw item.Fail($"a merge has two parts with one space between, found '{item.Text()}'.");
    }

    private static int Id(string token, JsonValue item, Vocabulary vocabulary) =>
        vocabulary.IdOf(token) ?? throw item.Fail($"the merge needs '{token}', which is not in model.vocab.");
}

using Neoteny.Models.Tokenizers.Json;

namespace Neoteny.Models.Tokenizers.Algorithms;

/// <summary>Reads a model of type Unigram.</summary>
internal static class UnigramReader
{
    public static UnigramModel Read(JsonValue model, bool bytes)
    {
        if (bytes)
            throw model.Fail("Unigram together with ByteLevel is not supported.");
        var entries = model.Get("vocab").Items().Select(Entry).ToList();
        var unknown = model.Find("unk_id") is { } id ? id.Id() : (int?)null;
        if (unknown >= entries.Count)
            throw model.Fail($"unk_id {unknown} lies outside the vocabulary of {entries.Count} entries.");
        return new UnigramModel(entries, unknown, model.Flag("byte_fallback", false));
    }

    private static (string Piece, double Score) Entry(JsonValue item)
    {
        var parts = item.Items().ToArray();
        return parts.Length == 2 ? (parts[0].Text(), parts[1].Number()) : throw item.Fail("an entry is a pair of text and score.");
    }
}

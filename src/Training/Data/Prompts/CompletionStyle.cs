namespace Neoteny.Training.Data.Prompts;

/// <summary>Plain text, trained whole; long texts become several documents.</summary>
internal sealed class CompletionStyle(string field, int pieceLength, ITextEncoder encoder) : IPromptStyle
{
    public IEnumerable<Document> Encode(JsonRecord record)
    {
        var ids = encoder.Encode(record.Text(field), addSpecialTokens: true);
        if (encoder.EndId is { } end && (ids.Length == 0 || ids[^1] != end))
            ids = [.. ids, end];

        return ids.Chunk(pieceLength).Select(Document.Whole);
    }
}

namespace Neoteny.Models.Tokenizers.Algorithms;

/// <summary>Tokens and their ids, both ways.</summary>
internal sealed class Vocabulary
{
    private readonly Dictionary<string, int> ids;
    private readonly Dictionary<int, string> tokens;
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> spans;

    public Vocabulary(Dictionary<string, int> ids)
    {
        this.ids = ids;
        tokens = new Dictionary<int, string>(ids.Count);
        foreach (var (token, id) in ids)
            tokens[id] = token;
        spans = ids.GetAlternateLookup<ReadOnlySpan<char>>();
    }

    public int Count => ids.Count;

    public int? IdOf(ReadOnlySpan<char> token) => spans.TryGetValue(token, out var id) ? id : null;

    public string? TokenOf(int id) => tokens.GetValueOrDefault(id);

    /// <summary>Ids of the tokens <c>&lt;0x00&gt;</c> to <c>&lt;0xFF&gt;</c>, or null unless all are there.</summary>
    public int[]? ByteTokens()
    {
        var found = new int[256];
        for (var value = 0; value < 256; value++)
        {
            if (IdOf($"<0x{value:X2}>") is not { } id)
                return null;
            found[value] = id;
        }

        return found;
    }
}

namespace Neoteny.Host.Configuration;

/// <summary>Every key that somebody owns, under each of its spellings.</summary>
internal sealed class KeyTable
{
    private readonly ILookup<string, (KeyOwner Owner, KeyInfo Key)> bySpelling;

    public KeyTable(IEnumerable<KeyOwner> owners)
    {
        Owners = [.. owners];
        bySpelling = Owners
            .SelectMany(o => o.Keys.SelectMany(k => k.Spellings.Select(s => (Spelling: s, Owner: o, Key: k))))
            .ToLookup(e => e.Spelling, e => (e.Owner, e.Key));
    }

    public IReadOnlyList<KeyOwner> Owners { get; }

    /// <summary>Every spelling that is known.</summary>
    public IEnumerable<string> Spellings => bySpelling.Select(g => g.Key);

    /// <summary>Who owns this spelling: usually one, none for an unknown key.</summary>
    public IReadOnlyList<(KeyOwner Owner, KeyInfo Key)> Find(string spelling) => [.. bySpelling[spelling]];

    /// <summary>The entry of a key in a file under any spelling that its owners accept.</summary>
    public Entry? FindEntry(MapNode root, string name) =>
        Find(name).SelectMany(o => o.Key.Spellings).Prepend(name).Select(root.Find).FirstOrDefault(e => e is not null);
}

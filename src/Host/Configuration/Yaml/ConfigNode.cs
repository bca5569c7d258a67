namespace Neoteny.Host.Configuration;

/// <summary>A value of a configuration file with its place. Anchors and merge keys are already resolved.</summary>
internal abstract record ConfigNode(Place Place);

/// <summary>A text, number, boolean or nothing.</summary>
/// <param name="Place">Where it stands.</param>
/// <param name="Text">As written, without quotes.</param>
/// <param name="Quoted">Whether it was quoted or a block: then it is never taken for an absent value.</param>
internal sealed record ScalarNode(Place Place, string Text, bool Quoted) : ConfigNode(Place)
{
    /// <summary>Whether the key has no value, which counts as the key being absent.</summary>
    public bool IsUnset => !Quoted && Text is ("" or "~" or "null" or "Null" or "NULL");
}

/// <summary>A sequence.</summary>
internal sealed record ListNode(Place Place, IReadOnlyList<ConfigNode> Items) : ConfigNode(Place);

/// <summary>A mapping; keys are unique.</summary>
internal sealed record MapNode(Place Place, IReadOnlyList<Entry> Entries) : ConfigNode(Place)
{
    /// <summary>The entry of that key if it is there and has a value.</summary>
    public Entry? Find(string key) => Entries.FirstOrDefault(e => e.Key == key && e.IsSet);
}

/// <summary>A key with its value.</summary>
internal sealed record Entry(string Key, Place Place, ConfigNode Value)
{
    public bool IsSet => Value is not ScalarNode { IsUnset: true };
}

namespace Neoteny.Host.Configuration;

/// <summary>What the value of a key looks like, as read from metadata.</summary>
internal abstract record KeyShape
{
    /// <summary>How messages call it: "a number".</summary>
    public abstract string Description { get; }
}

internal sealed record TextShape : KeyShape
{
    public override string Description => "a text";
}

internal sealed record BooleanShape : KeyShape
{
    public override string Description => "true or false";
}

/// <summary>A whole number of 32 or 64 bits.</summary>
internal sealed record IntegerShape(bool IsLong) : KeyShape
{
    public override string Description => "a whole number";
}

internal sealed record NumberShape : KeyShape
{
    public override string Description => "a number";
}

/// <summary>An enumeration: the texts accepted, in order, and the value of each.</summary>
internal sealed record ChoiceShape(IReadOnlyList<(string Text, long Value)> Choices) : KeyShape
{
    public override string Description => "one of " + string.Join(", ", Choices.Select(c => c.Text));
}

internal sealed record ListShape(KeyShape Item) : KeyShape
{
    public override string Description => "a list";
}

internal sealed record MapShape(KeyShape Value) : KeyShape
{
    public override string Description => "keys and values";
}

/// <summary>A nested record with keys of its own.</summary>
internal sealed record RecordShape(IReadOnlyList<KeyInfo> Keys) : KeyShape
{
    /// <summary>Whether a plain text may stand for the record: <c>type: alpaca</c> for <c>type: {name: alpaca}</c>.</summary>
    public bool HasShortForm => Keys.Any(k => k.Shorthand);

    public override string Description
        => (HasShortForm ? "a text, or " : "") + "a mapping with the keys " + string.Join(", ", Keys.Select(k => k.Name));

    /// <summary>The mapping that a node is or stands for; null if it is neither.</summary>
    public MapNode? Expand(ConfigNode node) => node switch
    {
        MapNode map => map,
        ScalarNode text when Keys.FirstOrDefault(k => k.Shorthand) is { } key => new MapNode(text.Place, [new Entry(key.Name, text.Place, text)]),
        _ => null,
    };
}

/// <summary>Any YAML value, for settings that another format defines.</summary>
internal sealed record AnyShape : KeyShape
{
    public override string Description => "any value";
}

/// <summary>A property type that cannot be bound; its owner is at fault.</summary>
internal sealed record UnknownShape(string TypeName) : KeyShape
{
    public override string Description => TypeName;
}

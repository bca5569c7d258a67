namespace Neoteny.Configuration;

/// <summary>Binds a property to a key of the configuration file and owns that key.</summary>
/// <remarks>
/// Property types: <see cref="string"/>, <see cref="bool"/>, <see cref="int"/>, <see cref="long"/>, <see cref="double"/>, their nullable
/// forms, enumerations (written in snake_case), <see cref="IReadOnlyList{T}"/> and <see cref="IReadOnlyDictionary{TKey, TValue}"/> (with
/// string keys) of those, a dictionary of <see cref="object"/> for any values, and nested records whose properties carry <see cref="KeyAttribute"/> themselves.
/// A key that is present without a value counts as absent. Read from metadata too, so all arguments are constants.
/// </remarks>
[AttributeUsage(AttributeTargets.Property)]
public sealed class KeyAttribute(string name) : Attribute
{
    /// <summary>The key as the file spells it.</summary>
    public string Name { get; } = name;

    /// <summary>Older spellings, accepted with a warning.</summary>
    public string[] Aliases { get; set; } = [];

    /// <summary>One line for the schema and for <c>neoteny config show</c>.</summary>
    public string? Summary { get; set; }

    /// <summary>Smallest number accepted, inclusive.</summary>
    public double Minimum { get; set; } = double.NegativeInfinity;

    /// <summary>Largest number accepted, inclusive.</summary>
    public double Maximum { get; set; } = double.PositiveInfinity;

    /// <summary>The texts accepted, where the type alone does not say it. Empty: any.</summary>
    public string[] Allowed { get; set; } = [];

    /// <summary>The default in words, for the schema; the property's initial value counts.</summary>
    public string? Default { get; set; }

    /// <summary>In a nested record: whether a plain text in place of the mapping stands for this key (<c>type: alpaca</c> for <c>type: {name: alpaca}</c>).</summary>
    public bool Shorthand { get; set; }

    /// <summary>Whether a file without this key is an error.</summary>
    public bool Required { get; set; }

    /// <summary>
    /// On a boolean key of a plugin: names of modules, and of one loss at most, that the same plugin provides. They take part in a run where the key, or
    /// another one that activates them, is true (a loss becomes the run's loss), and not where it is false. What no key activates takes part whenever its
    /// plugin is loaded, a loss when <c>loss:</c> names it.
    /// </summary>
    public string[] Activates { get; set; } = [];
}

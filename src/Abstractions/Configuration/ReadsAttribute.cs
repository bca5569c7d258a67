namespace Neoteny.Configuration;

/// <summary>Binds a property to a key that another assembly owns. Absent keys leave the property as it is.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class ReadsAttribute(string name) : Attribute
{
    /// <summary>The key as the file spells it.</summary>
    public string Name { get; } = name;
}

using System.Collections.Immutable;
using System.Reflection.Metadata;

namespace Neoteny.Host.Plugins;

/// <summary>An attribute as metadata states it: type, constructor arguments and named arguments.</summary>
internal sealed class AttributeInfo
{
    private readonly MetadataReader reader;
    private readonly CustomAttributeHandle handle;
    private CustomAttributeValue<string>? value;

    private AttributeInfo(MetadataReader reader, CustomAttributeHandle handle, string typeName)
    {
        this.reader = reader;
        this.handle = handle;
        TypeName = typeName;
    }

    /// <summary>Full name of the attribute's type.</summary>
    public string TypeName { get; }

    /// <summary>The attributes of something, those of its own assembly left out.</summary>
    public static IEnumerable<AttributeInfo> Of(MetadataReader reader, CustomAttributeHandleCollection handles)
    {
        foreach (var handle in handles)
        {
            var constructor = reader.GetCustomAttribute(handle).Constructor;
            if (constructor.Kind != HandleKind.MemberReference)
                continue;
            var parent = reader.GetMemberReference((MemberReferenceHandle)constructor).Parent;
            if (parent.Kind == HandleKind.TypeReference)
                yield return new AttributeInfo(reader, handle, TypeNames.Of(reader, parent));
        }
    }

    /// <summary>Whether it is of type <typeparamref name="T"/>.</summary>
    public bool Is<T>() where T : Attribute => TypeName == typeof(T).FullName;

    /// <summary>The first constructor argument as a text.</summary>
    public string First => (string?)Value.FixedArguments[0].Value ?? "";

    /// <summary>The second constructor argument as a text.</summary>
    public string Second => (string?)Value.FixedArguments[1].Value ?? "";

    /// <summary>A named argument, or null where it is not given.</summary>
    public object? Named(string name) => Value.NamedArguments.FirstOrDefault(a => a.Name == name).Value;

    /// <summary>A named array of texts; empty where it is not given.</summary>
    public IReadOnlyList<string> Texts(string name) =>
        Named(name) is ImmutableArray<CustomAttributeTypedArgument<string>> items ? [.. items.Select(i => (string?)i.Value ?? "")] : [];

    private CustomAttributeValue<string> Value => value ??= reader.GetCustomAttribute(handle).DecodeValue(TypeNames.Provider);
}

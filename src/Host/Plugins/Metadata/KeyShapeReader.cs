using System.Collections.Immutable;
using System.Reflection.Metadata;
using Neoteny.Host.Configuration;

namespace Neoteny.Host.Plugins;

/// <summary>Turns the type of an options property into the shape of its key.</summary>
/// <remarks>Enumerations and nested records may also stand in a shared assembly; those of any other assembly are unknown.</remarks>
internal sealed class KeyShapeReader(SharedAssemblies shared) : ISignatureTypeProvider<KeyShape, object?>
{
    private readonly HashSet<string> open = [];

    public KeyShape GetPrimitiveType(PrimitiveTypeCode typeCode) => typeCode switch
    {
        PrimitiveTypeCode.String => new TextShape(),
        PrimitiveTypeCode.Boolean => new BooleanShape(),
        PrimitiveTypeCode.Int32 => new IntegerShape(IsLong: false),
        PrimitiveTypeCode.Int64 => new IntegerShape(IsLong: true),
        PrimitiveTypeCode.Double => new NumberShape(),
        PrimitiveTypeCode.Object => new AnyShape(),
        _ => new UnknownShape(typeCode.ToString()),
    };

    public KeyShape GetTypeFromDefinition(MetadataReader reader, TypeDefinitionHandle handle, byte rawTypeKind)
    {
        var name = TypeNames.Of(reader, handle);
        var type = reader.GetTypeDefinition(handle);
        if (!type.BaseType.IsNil && TypeNames.Of(reader, type.BaseType) == "System.Enum")
            return new ChoiceShape(Choices(reader, type));
        if (!open.Add(name))
            return new UnknownShape($"{name}, which contains itself");
        var keys = OptionsReader.Keys(reader, type, this);
        open.Remove(name);
        return keys.Count > 0 ? new RecordShape(keys) : new UnknownShape(name);
    }

    public KeyShape GetTypeFromReference(MetadataReader reader, TypeReferenceHandle handle, byte rawTypeKind)
    {
        var name = TypeNames.Of(reader, handle);
        return TypeNames.AssemblyOf(reader, handle) is { } assembly && shared.Find(assembly) is { } other
            && other.Types.TryGetValue(name, out var definition)
            ? GetTypeFromDefinition(other.Reader, definition, rawTypeKind)
            : new UnknownShape(name);
    }

    public KeyShape GetGenericInstantiation(KeyShape genericType, ImmutableArray<KeyShape> typeArguments) => genericType switch
    {
        UnknownShape { TypeName: "System.Nullable`1" } => typeArguments[0],
        UnknownShape { TypeName: "System.Collections.Generic.IReadOnlyList`1" } => new ListShape(typeArguments[0]),
        UnknownShape { TypeName: "System.Collections.Generic.IReadOnlyDictionary`2" } when typeArguments[0] is TextShape =>
            new MapShape(typeArguments[1]),
        _ => genericType,
    };

    public KeyShape GetTypeFromSpecification(MetadataReader reader, object? genericContext, TypeSpecificationHandle handle, byte rawTypeKind) =>
        reader.GetTypeSpecification(handle).DecodeSignature(this, genericContext);

    public KeyShape GetSZArrayType(KeyShape elementType) => new UnknownShape("an array");

    public KeyShape GetArrayType(KeyShape elementType, ArrayShape shape) => new UnknownShape("an array");

    public KeyShape GetByReferenceType(KeyShape elementType) => new UnknownShape("a reference");

    public KeyShape GetPointerType(KeyShape elementType) => new UnknownShape("a pointer");

    public KeyShape GetPinnedType(KeyShape elementType) => elementType;

    public KeyShape GetFunctionPointerType(MethodSignature<KeyShape> signature) => new UnknownShape("a function pointer");

    public KeyShape GetGenericMethodParameter(object? genericContext, int index) => new UnknownShape("a type parameter");

    public KeyShape GetGenericTypeParameter(object? genericContext, int index) => new UnknownShape("a type parameter");

    public KeyShape GetModifiedType(KeyShape modifier, KeyShape unmodifiedType, bool isRequired) => unmodifiedType;

    private static List<(string Text, long Value)> Choices(MetadataReader reader, TypeDefinition type)
    {
        var choices = new List<(string, long)>();
        foreach (var handle in type.GetFields())
        {
            var field = reader.GetFieldDefinition(handle);
            if (field.GetDefaultValue() is not { IsNil: false } constant)
                continue;
            var stored = reader.GetConstant(constant);
            var value = reader.GetBlobReader(stored.Value).ReadConstant(stored.TypeCode);
            choices.Add((ChoiceText.Snake(reader.GetString(field.Name)), Convert.ToInt64(value)));
        }
        return choices;
    }
}

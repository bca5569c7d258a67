using System.Reflection;
using System.Reflection.Metadata;

namespace Neoteny.Host.Plugins;

/// <summary>Finds every type and member of the shared assemblies that a plugin uses and this host lacks, from metadata alone.</summary>
/// <remarks>
/// Without it a plugin built for another version fails in the middle of a run, at the first call of what is missing.
/// </remarks>
internal sealed class LinkCheck(SharedAssemblies shared)
{
    private const BindingFlags AnyMember = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static;
    private readonly Dictionary<(string Assembly, string Type), HashSet<string>> known = [];

    /// <summary>What is missing, as texts for a message.</summary>
    public IReadOnlyList<string> Missing(MetadataAssembly plugin)
    {
        var reader = plugin.Reader;
        var missing = new List<string>();
        foreach (var handle in reader.TypeReferences)
        {
            if (Resolve(reader, handle) is { Host: { } host, Type: var type } && !Defines(host, type))
                missing.Add($"type {type}");
        }
        foreach (var handle in reader.MemberReferences)
        {
            var member = reader.GetMemberReference(handle);
            if (Owner(reader, member.Parent) is not { } owner || Resolve(reader, owner) is not { Host: { } host, Type: var type })
                continue;
            var text = Text(reader, member);
            if (host.Types.ContainsKey(type) && !Has(host, type, text, reader.GetString(member.Name)))
                missing.Add($"{type}.{text}");
        }
        return missing;
    }

    private (MetadataAssembly? Host, string Type) Resolve(MetadataReader reader, TypeReferenceHandle handle) =>
        TypeNames.AssemblyOf(reader, handle) is { } name && shared.Find(name) is { } host ? (host, TypeNames.Of(reader, handle)) : (null, "");

    private static bool Defines(MetadataAssembly host, string type) =>
        host.Types.ContainsKey(type) || host.Reader.ExportedTypes
            .Select(host.Reader.GetExportedType)
            .Any(e => $"{host.Reader.GetString(e.Namespace)}.{host.Reader.GetString(e.Name)}" == type);

    /// <summary>The type whose member is referenced; for <c>List&lt;int&gt;</c> the generic type.</summary>
    private static TypeReferenceHandle? Owner(MetadataReader reader, EntityHandle parent)
    {
        if (parent.Kind == HandleKind.TypeReference)
            return (TypeReferenceHandle)parent;
        if (parent.Kind != HandleKind.TypeSpecification)
            return null;
        return GenericType(reader, (TypeSpecificationHandle)parent) is { Kind: HandleKind.TypeReference } type ? (TypeReferenceHandle)type : null;
    }

    private static EntityHandle? GenericType(MetadataReader reader, TypeSpecificationHandle handle)
    {
        var signature = reader.GetBlobReader(reader.GetTypeSpecification(handle).Signature);
        if (signature.ReadSignatureTypeCode() != SignatureTypeCode.GenericTypeInstance)
            return null;
        signature.ReadByte(); // class or value type
        return signature.ReadTypeHandle();
    }

    private static string Text(MetadataReader reader, MemberReference member)
    {
        var name = reader.GetString(member.Name);
        return member.GetKind() == MemberReferenceKind.Method
            ? name + TypeNames.Signature(member.DecodeMethodSignature(TypeNames.Provider, null))
            : $"{name} : {member.DecodeFieldSignature(TypeNames.Provider, null)}";
    }

    /// <summary>Whether a type or one of its bases has the member.</summary>
    private bool Has(MetadataAssembly host, string type, string text, string name)
    {
        if (MembersOf(host, type).Contains(text))
            return true;
        if (name == ".ctor")
            return false;
        var reader = host.Reader;
        var parent = reader.GetTypeDefinition(host.Types[type]).BaseType;
        if (parent.IsNil)
            return false;
        switch (parent.Kind)
        {
            case HandleKind.TypeDefinition:
                return Has(host, TypeNames.Of(reader, parent), text, name);
            case HandleKind.TypeReference:
                if (Resolve(reader, (TypeReferenceHandle)parent) is { Host: { } other, Type: var baseType })
                    return other.Types.ContainsKey(baseType) && Has(other, baseType, text, name);
                return Type.GetType(TypeNames.Of(reader, parent)) is not { } framework || framework.GetMember(name, AnyMember).Length > 0;
            default:
                // The signatures of a generic base have other type arguments in them: its members are compared by name.
                return GenericType(reader, (TypeSpecificationHandle)parent) is not { Kind: HandleKind.TypeDefinition } generic
                    || MembersOf(host, TypeNames.Of(reader, generic)).Any(m => m.StartsWith(name, StringComparison.Ordinal));
        }
    }

    private HashSet<string> MembersOf(MetadataAssembly host, string typeName)
    {
        if (known.TryGetValue((host.Name, typeName), out var members))
            return members;
        var reader = host.Reader;
        var type = reader.GetTypeDefinition(host.Types[typeName]);
        members = [];
        foreach (var method in type.GetMethods().Select(reader.GetMethodDefinition))
            members.Add(reader.GetString(method.Name) + TypeNames.Signature(method.DecodeSignature(TypeNames.Provider, null)));
        foreach (var field in type.GetFields().Select(reader.GetFieldDefinition))
            members.Add($"{reader.GetString(field.Name)} : {field.DecodeSignature(TypeNames.Provider, null)}");
        return known[(host.Name, typeName)] = members;
    }
}

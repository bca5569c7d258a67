using System.Reflection.Metadata;
using Neoteny.Configuration;
using Neoteny.Host.Configuration;

namespace Neoteny.Host.Plugins;

/// <summary>Reads the option records of an assembly from metadata.</summary>
internal static class OptionsReader
{
    /// <summary>Every record marked with <see cref="OptionsAttribute"/>.</summary>
    public static IReadOnlyList<OptionsInfo> Read(MetadataAssembly assembly, SharedAssemblies shared)
    {
        var reader = assembly.Reader;
        return [.. reader.TypeDefinitions
            .Select(h => (Handle: h, Type: reader.GetTypeDefinition(h)))
            .Where(t => AttributeInfo.Of(reader, t.Type.GetCustomAttributes()).Any(a => a.Is<OptionsAttribute>()))
            .Select(t => new OptionsInfo(TypeNames.Of(reader, t.Handle), Keys(reader, t.Type, new KeyShapeReader(shared))))];
    }

    /// <summary>The properties of a type that bind a key.</summary>
    public static List<KeyInfo> Keys(MetadataReader reader, TypeDefinition type, KeyShapeReader shapes)
    {
        var keys = new List<KeyInfo>();
        foreach (var handle in type.GetProperties())
        {
            var property = reader.GetPropertyDefinition(handle);
            foreach (var attribute in AttributeInfo.Of(reader, property.GetCustomAttributes()))
            {
                var isKey = attribute.Is<KeyAttribute>();
                if (!isKey && !attribute.Is<ReadsAttribute>())
                    continue;
                var shape = property.DecodeSignature(shapes, null).ReturnType;
                var key = new KeyInfo(attribute.First, reader.GetString(property.Name), shape) { IsRead = !isKey };
                keys.Add(isKey ? WithDetails(key, attribute) : key);
            }
        }
        return keys;
    }

    private static KeyInfo WithDetails(KeyInfo key, AttributeInfo attribute) => key with
    {
        Aliases = attribute.Texts(nameof(KeyAttribute.Aliases)),
        Activates = attribute.Texts(nameof(KeyAttribute.Activates)),
        Allowed = attribute.Texts(nameof(KeyAttribute.Allowed)),
        Minimum = attribute.Named(nameof(KeyAttribute.Minimum)) as double? ?? key.Minimum,
        Maximum = attribute.Named(nameof(KeyAttribute.Maximum)) as double? ?? key.Maximum,
        Summary = attribute.Named(nameof(KeyAttribute.Summary)) as string,
        Default = attribute.Named(nameof(KeyAttribute.Default)) as string,
        Required = attribute.Named(nameof(KeyAttribute.Required)) is true,
        Shorthand = attribute.Named(nameof(KeyAttribute.Shorthand)) is true,
    };
}

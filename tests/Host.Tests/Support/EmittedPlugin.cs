using System.Reflection;
using System.Reflection.Emit;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;
using Neoteny.Configuration;
using Neoteny.Losses;
using Neoteny.Plugins;

namespace Neoteny.Host.Tests;

/// <summary>Writes assemblies that are read as metadata and never loaded: those of plugins that no compiler would have to build, and contracts of other versions.</summary>
internal static class EmittedPlugin
{
    /// <summary>A plugin that provides the losses <c>one</c> and <c>two</c>, and an options record with one key.</summary>
    /// <param name="folder">Where to write it.</param>
    /// <param name="keyType">The type of the key <c>switch</c>.</param>
    /// <param name="activates">What it activates.</param>
    /// <param name="isNested">Whether the key stands in a record below the key <c>outer</c>.</param>
    public static string Write(string folder, Type keyType, string[] activates, bool isNested = false)
    {
        var assembly = Assembly("Emitted", new Version(1, 0, 0, 0), Attribute(typeof(PluginAttribute), ["Emitted"]), Attribute(typeof(AssemblyInformationalVersionAttribute), ["1.0.0"]));
        var module = assembly.DefineDynamicModule("Emitted");
        foreach (var name in new[] { "one", "two" })
        {
            var loss = module.DefineType(name, TypeAttributes.Public | TypeAttributes.Abstract, typeof(object), [typeof(ILoss)]);
            loss.SetCustomAttribute(Attribute(typeof(ProvidesAttribute), [name]));
            loss.CreateType();
        }

        var options = module.DefineType("Options", TypeAttributes.Public);
        AddKey(options, "switch", keyType, activates);
        if (isNested)
        {
            var outer = module.DefineType("Outer", TypeAttributes.Public);
            AddKey(outer, "outer", options, []);
            outer.SetCustomAttribute(Attribute(typeof(OptionsAttribute), []));
            options.CreateType();
            outer.CreateType();
        }
        else
        {
            options.SetCustomAttribute(Attribute(typeof(OptionsAttribute), []));
            options.CreateType();
        }

        return Save(assembly, folder, "Emitted");
    }

    /// <summary>Contracts that say of themselves which plugins they take.</summary>
    /// <param name="folder">Where to write them.</param>
    /// <param name="version">Their version.</param>
    /// <param name="oldest">The oldest contracts taken; null to say nothing.</param>
    public static string WriteContracts(string folder, Version version, string? oldest)
    {
        var contracts = Assembly("Neoteny.Abstractions", version, oldest is null ? [] : [Attribute(typeof(AssemblyMetadataAttribute), ["OldestContracts", oldest])]);
        contracts.DefineDynamicModule("Neoteny.Abstractions");
        return Save(contracts, folder, "Neoteny.Abstractions");
    }

    /// <summary>An assembly that was compiled against contracts of some version.</summary>
    public static string WriteReferring(string folder, Version contracts)
    {
        var (metadata, image) = (new MetadataBuilder(), new BlobBuilder());
        metadata.AddModule(0, metadata.GetOrAddString("Referring.dll"), metadata.GetOrAddGuid(Guid.NewGuid()), default, default);
        metadata.AddAssembly(metadata.GetOrAddString("Referring"), new Version(1, 0, 0, 0), default, default, 0, AssemblyHashAlgorithm.None);
        metadata.AddTypeDefinition(default, default, metadata.GetOrAddString("<Module>"), default, MetadataTokens.FieldDefinitionHandle(1), MetadataTokens.MethodDefinitionHandle(1));
        metadata.AddAssemblyReference(metadata.GetOrAddString("Neoteny.Abstractions"), contracts, default, default, 0, default);
        new ManagedPEBuilder(new PEHeaderBuilder(imageCharacteristics: Characteristics.Dll), new MetadataRootBuilder(metadata), new BlobBuilder()).Serialize(image);
        var path = Path.Combine(folder, "Referring.dll");
        Directory.CreateDirectory(folder);
        File.WriteAllBytes(path, image.ToArray());
        return path;
    }

    private static PersistedAssemblyBuilder Assembly(string name, Version version, params CustomAttributeBuilder[] attributes) =>
        new(new AssemblyName(name) { Version = version }, typeof(object).Assembly, attributes);

    private static void AddKey(TypeBuilder type, string name, Type keyType, string[] activates)
    {
        var property = type.DefineProperty(name, PropertyAttributes.None, keyType, null);
        var getter = type.DefineMethod($"get_{name}", MethodAttributes.Public | MethodAttributes.SpecialName, keyType, null);
        var code = getter.GetILGenerator();
        code.Emit(OpCodes.Ldnull);
        code.Emit(OpCodes.Throw);
        property.SetGetMethod(getter);
        property.SetCustomAttribute(new CustomAttributeBuilder(
            typeof(KeyAttribute).GetConstructor([typeof(string)])!, [name], [typeof(KeyAttribute).GetProperty(nameof(KeyAttribute.Activates))!], [activates]));
    }

    private static CustomAttributeBuilder Attribute(Type type, object[] arguments) => new(type.GetConstructor([.. arguments.Select(a => a.GetType())])!, arguments);

    private static string Save(PersistedAssemblyBuilder assembly, string folder, string name)
    {
        var path = Path.Combine(folder, $"{name}.dll");
        Directory.CreateDirectory(folder);
        assembly.Save(path);
        return path;
    }
}

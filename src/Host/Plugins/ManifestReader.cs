using System.Reflection;
using System.Reflection.Metadata;
using Neoteny.Host.Configuration;
using Neoteny.Plugins;
using NuGet.Versioning;

namespace Neoteny.Host.Plugins;

/// <summary>Reads the manifest of a plugin's folder.</summary>
internal sealed class ManifestReader(SharedAssemblies shared)
{
    /// <summary>Reads the plugin in a folder, or the one that is this assembly file.</summary>
    /// <exception cref="PluginFaultException">There is none, or its attributes contradict each other.</exception>
    public PluginManifest Read(string path)
    {
        if (File.Exists(path))
            return ReadAssembly(path) ?? throw new PluginFaultException($"{Path.GetFileName(path)} has no [assembly: Plugin] attribute");
        return Candidates(path).Select(ReadAssembly).FirstOrDefault(m => m is not null)
            ?? throw new PluginFaultException("no assembly in the folder has an [assembly: Plugin] attribute");
    }

    /// <summary>The main assembly has a deps.json beside it, private dependencies have none.</summary>
    private static IEnumerable<string> Candidates(string folder)
    {
        var main = Directory.GetFiles(folder, "*.deps.json").Select(f => f[..^".deps.json".Length] + ".dll").Where(File.Exists).ToList();
        return main.Count > 0 ? main : Directory.GetFiles(folder, "*.dll").Order(StringComparer.Ordinal);
    }

    private PluginManifest? ReadAssembly(string path)
    {
        try
        {
            using var assembly = MetadataAssembly.Open(path);
            return Read(assembly);
        }
        catch (Exception e) when (e is BadImageFormatException or IOException or UnauthorizedAccessException)
        {
            throw new PluginFaultException($"{Path.GetFileName(path)}: {e.Message}");
        }
    }

    private PluginManifest? Read(MetadataAssembly assembly)
    {
        var reader = assembly.Reader;
        var attributes = AttributeInfo.Of(reader, reader.GetAssemblyDefinition().GetCustomAttributes()).ToList();
        if (attributes.Find(a => a.Is<PluginAttribute>()) is not { } plugin)
            return null;
        var text = attributes.Find(a => a.Is<AssemblyInformationalVersionAttribute>())?.First ?? assembly.Version.ToString();
        if (!NuGetVersion.TryParse(text.Split('+')[0], out var version))
            throw new PluginFaultException($"'{text}' is not a version");
        var summary = plugin.Named(nameof(PluginAttribute.Summary)) as string;
        var manifest = new PluginManifest(plugin.First, version, assembly.Path)
        {
            Summary = string.IsNullOrWhiteSpace(summary) ? null : summary,
            Provides = [.. Provided(reader)],
            Options = OptionsReader.Read(assembly, shared),
            References = assembly.References,
        };
        CheckActivated(manifest);
        return manifest;
    }

    private static void CheckActivated(PluginManifest manifest)
    {
        foreach (var key in manifest.Keys.Where(k => k.Activates.Count > 0))
        {
            if (key.Shape is not BooleanShape)
                throw new PluginFaultException($"its key '{key.Name}' activates something and is not boolean");
            if (key.Activates.FirstOrDefault(a => !manifest.Provides.Any(p => p.Name == a && p.PointLabel is "loss" or "module")) is { } unknown)
                throw new PluginFaultException($"its key '{key.Name}' activates '{unknown}', which is no loss or module that it provides");
            if (manifest.Provides.Where(p => p.PointLabel == "loss" && key.Activates.Contains(p.Name)).ToList() is [var first, var second, ..])
                throw new PluginFaultException($"its key '{key.Name}' activates the losses '{first.Name}' and '{second.Name}', and a run has one");
        }
        if (manifest.Keys.SelectMany(k => Below(k.Shape)).FirstOrDefault(k => k.Activates.Count > 0) is { } nested)
            throw new PluginFaultException($"its key '{nested.Name}' activates something and is nested in another key");
    }

    /// <summary>The keys of the records in a shape.</summary>
    private static IEnumerable<KeyInfo> Below(KeyShape shape) => shape switch
    {
        ListShape list => Below(list.Item),
        MapShape map => Below(map.Value),
        RecordShape record => record.Keys.SelectMany(k => Below(k.Shape).Prepend(k)),
        _ => [],
    };

    private IEnumerable<ProvidedName> Provided(MetadataReader reader)
    {
        foreach (var handle in reader.TypeDefinitions)
        {
            var type = reader.GetTypeDefinition(handle);
            var names = AttributeInfo.Of(reader, type.GetCustomAttributes()).Where(a => a.Is<ProvidesAttribute>()).ToList();
            if (names.Count == 0)
                continue;
            var points = Points(reader, handle).Distinct().ToList();
            if (points.Count == 0)
                throw new PluginFaultException($"{TypeNames.Of(reader, handle)} has [Provides] but implements no extension point");
            foreach (var (name, point) in from name in names from point in points select (name, point))
            {
                var summary = name.Named(nameof(ProvidesAttribute.Summary)) as string;
                yield return new ProvidedName(point, name.First, TypeNames.Of(reader, handle), summary);
            }
        }
    }

    /// <summary>The extension points of a class and of its base classes in the same assembly.</summary>
    private IEnumerable<string> Points(MetadataReader reader, TypeDefinitionHandle handle)
    {
        var type = reader.GetTypeDefinition(handle);
        var own = type.GetInterfaceImplementations()
            .Select(i => reader.GetInterfaceImplementation(i).Interface)
            .Where(i => i.Kind == HandleKind.TypeReference)
            .Where(i => shared.IsPoint(TypeNames.AssemblyOf(reader, (TypeReferenceHandle)i), TypeNames.Of(reader, i)))
            .Select(i => TypeNames.Of(reader, i));
        return type.BaseType.Kind == HandleKind.TypeDefinition ? own.Concat(Points(reader, (TypeDefinitionHandle)type.BaseType)) : own;
    }
}

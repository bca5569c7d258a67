using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Text;
using Neoteny.Host.Configuration;

namespace Neoteny.Host.Conformance;

/// <summary>The configuration that a plugin is tried with: a file given, or the one that it carries as the embedded resource <see cref="Resource"/>.</summary>
/// <remarks>An adapter without a rank adapts nothing, so a plugin whose options have no working defaults brings some for its tests. Read as metadata: no code runs.</remarks>
internal static class ConformanceConfig
{
    /// <summary>The name of the resource.</summary>
    public static readonly string Resource = "conformance.yml";

    /// <summary>The configuration to use.</summary>
    /// <param name="given">A file named by the user; null for the plugin's own.</param>
    /// <param name="assembly">The plugin's assembly.</param>
    public static RunFile Open(string? given, string assembly)
        => given is not null ? RunFile.Load(given) : RunFile.Parse(Embedded(assembly) ?? "", $"{Path.GetFileName(assembly)}/{Resource}");

    private static string? Embedded(string assembly)
    {
        using var file = new PEReader(File.OpenRead(assembly));
        var reader = file.GetMetadataReader();
        foreach (var resource in reader.ManifestResources.Select(reader.GetManifestResource))
        {
            if (reader.GetString(resource.Name) == Resource && resource.Implementation.IsNil)
            {
                var start = file.PEHeaders.CorHeader!.ResourcesDirectory.RelativeVirtualAddress;
                var data = file.GetSectionData(start).GetReader((int)resource.Offset, file.GetSectionData(start).Length - (int)resource.Offset);
                return Encoding.UTF8.GetString(data.ReadBytes(data.ReadInt32())).TrimStart('\uFEFF');
            }
        }

        return null;
    }
}

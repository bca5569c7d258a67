using System.Reflection;

namespace Neoteny.Host.Plugins;

/// <summary>The oldest version of the contracts whose plugins a host takes: what the contracts say in <c>[assembly: AssemblyMetadata("OldestContracts", "0.1")]</c>.</summary>
/// <remarks>Below 1.0 a minor version may break plugins. Raising it there refuses them by name, instead of waiting for what they miss.</remarks>
internal static class OldestContracts
{
    private const string Key = nameof(OldestContracts);

    /// <summary>The oldest version taken; null where the contracts do not say.</summary>
    /// <param name="contracts">Neoteny.Abstractions or Neoteny.Runtime of the host.</param>
    public static Version? Of(MetadataAssembly contracts) => AttributeInfo
        .Of(contracts.Reader, contracts.Reader.GetAssemblyDefinition().GetCustomAttributes())
        .Where(a => a.Is<AssemblyMetadataAttribute>() && a.First == Key)
        .Select(a => Version.Parse(a.Second))
        .FirstOrDefault();
}

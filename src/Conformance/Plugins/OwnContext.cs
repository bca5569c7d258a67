using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Runtime.Loader;

namespace Neoteny.Conformance;

/// <summary>A collectible load context with a plugin, its private dependencies and the code that uses it. All else is shared with this process, as in the host.</summary>
internal sealed class OwnContext : AssemblyLoadContext
{
    // What the host shares with its plugins, and the kit.
    private static readonly string[] Shared =
    [
        "Neoteny.Abstractions", "Neoteny.Runtime", "Neoteny.Conformance", "Neoteny.Conformance.Xunit", "TorchSharp", "Microsoft.Extensions.DependencyInjection.Abstractions",
        "Microsoft.Extensions.Logging.Abstractions", "Microsoft.Extensions.Options", "Microsoft.Extensions.Configuration.Abstractions",
    ];

    private readonly Dictionary<string, string> own = [];

    public OwnContext(Assembly plugin, Assembly user)
        : base($"conformance of {plugin.GetName().Name}", isCollectible: true)
    {
        AddWithDependencies(plugin.Location);
        own[user.GetName().Name!] = user.Location;
    }

    /// <summary>The copy of an assembly in this context.</summary>
    public Assembly Copy(Assembly assembly) => LoadFromAssemblyName(assembly.GetName());

    protected override Assembly? Load(AssemblyName assemblyName) => own.TryGetValue(assemblyName.Name!, out var path) ? LoadFromAssemblyPath(path) : null;

    private void AddWithDependencies(string path)
    {
        if (!own.TryAdd(Path.GetFileNameWithoutExtension(path), path))
        {
            return;
        }

        using var file = new PEReader(File.OpenRead(path));
        var reader = file.GetMetadataReader();
        foreach (var name in reader.AssemblyReferences.Select(r => reader.GetString(reader.GetAssemblyReference(r).Name)))
        {
            var beside = Path.Combine(Path.GetDirectoryName(path)!, $"{name}.dll");
            if (!Shared.Contains(name) && File.Exists(beside))
            {
                AddWithDependencies(beside);
            }
        }
    }
}

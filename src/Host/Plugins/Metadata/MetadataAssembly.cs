using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace Neoteny.Host.Plugins;

/// <summary>An assembly file opened for its metadata alone: nothing is loaded and no code runs.</summary>
internal sealed class MetadataAssembly : IDisposable
{
    private readonly PEReader file;
    private Dictionary<string, TypeDefinitionHandle>? types;

    private MetadataAssembly(PEReader file, string path)
    {
        this.file = file;
        Path = path;
        Reader = file.GetMetadataReader();
        var definition = Reader.GetAssemblyDefinition();
        Name = Reader.GetString(definition.Name);
        Version = definition.Version;
    }

    public string Path { get; }

    public MetadataReader Reader { get; }

    public string Name { get; }

    public Version Version { get; }

    /// <summary>The types it defines, by full name with <c>+</c> before nested ones.</summary>
    public IReadOnlyDictionary<string, TypeDefinitionHandle> Types =>
        types ??= Reader.TypeDefinitions.ToDictionary(h => TypeNames.Of(Reader, h));

    /// <summary>The assemblies that it was compiled against.</summary>
    public IReadOnlyList<(string Name, Version Version)> References =>
        [.. Reader.AssemblyReferences.Select(Reader.GetAssemblyReference).Select(r => (Reader.GetString(r.Name), r.Version))];

    /// <exception cref="BadImageFormatException">The file is no .NET assembly.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static MetadataAssembly Open(string path)
    {
        var stream = File.OpenRead(path);
        try
        {
            return new MetadataAssembly(new PEReader(stream, PEStreamOptions.PrefetchMetadata), path);
        }
        catch (Exception e) when (e is BadImageFormatException or InvalidOperationException)
        {
            stream.Dispose();
            throw new BadImageFormatException("the file is not a .NET assembly", e);
        }
    }

    public void Dispose() => file.Dispose();
}

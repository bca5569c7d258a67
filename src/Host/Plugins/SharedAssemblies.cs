namespace Neoteny.Host.Plugins;

/// <summary>
/// The assemblies that plugins share with the host: whatever crosses the door between them. Everything else a plugin uses is its own.
/// </summary>
/// <remarks>Holds their metadata open for link checks; reading it loads nothing.</remarks>
internal sealed class SharedAssemblies(string folder, IEnumerable<string> contracts) : IDisposable
{
    private static readonly string[] Libraries =
    [
        "TorchSharp",
        "Microsoft.Extensions.DependencyInjection.Abstractions",
        "Microsoft.Extensions.Logging.Abstractions",
        "Microsoft.Extensions.Options",
        "Microsoft.Extensions.Configuration.Abstractions",
    ];

    private static readonly string[] Own = ["Neoteny.Abstractions", "Neoteny.Runtime"];
    private readonly Dictionary<string, MetadataAssembly?> opened = [];

    /// <summary>What the host shares: the contracts and the runtime, with the libraries in their signatures.</summary>
    /// <param name="moreContracts">Further assemblies, all of whose interfaces are extension points.</param>
    public static SharedAssemblies OfHost(params IEnumerable<string> moreContracts) =>
        new(AppContext.BaseDirectory, [.. Own, .. moreContracts]);

    /// <summary>Neoteny's own ones, which a plugin must be built for.</summary>
    public IReadOnlyList<string> Contracts { get; } = [.. contracts];

    /// <summary>Whether every host shares an assembly of that name with its plugins.</summary>
    public static bool IsOfHost(string name) => Own.Contains(name) || Libraries.Contains(name);

    /// <summary>Simple names of all of them.</summary>
    public IEnumerable<string> Names => Contracts.Concat(Libraries);

    /// <summary>Whether an interface is an extension point.</summary>
    public bool IsPoint(string? assembly, string typeName) =>
        assembly is not null && Contracts.Contains(assembly) && (ExtensionPoints.All.Contains(typeName) || !Own.Contains(assembly));

    /// <summary>The metadata of a shared assembly; null for any other name.</summary>
    public MetadataAssembly? Find(string name)
    {
        if (!Names.Contains(name))
            return null;
        if (!opened.TryGetValue(name, out var assembly))
        {
            var path = Path.Combine(folder, $"{name}.dll");
            opened[name] = assembly = File.Exists(path) ? MetadataAssembly.Open(path) : null;
        }
        return assembly;
    }

    public void Dispose()
    {
        foreach (var assembly in opened.Values)
            assembly?.Dispose();
    }
}

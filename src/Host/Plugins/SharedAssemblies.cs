namespace Neoteny.Host.Plugins;

/// <summary>
/// The assemblies that plugins share with the host: whatever crosses the door between them. Everything else a plugin uses is its own.
/// </summary>
/// <remarks>Holds their metadata open for link checks; reading it loads nothing.</remarks>
internal sealed class SharedAssemblies(string folder, IEnumerable<string> contracts) : IDisposable
{
    private static readonly string[] _libraries =
    [
        "TorchSharp",
        "Microsoft.Extensions.DependencyInjection.Abstractions",
        "Microsoft.Extensions.Logging.Abstractions",
        "Microsoft.Extensions.Options",
        "Microsoft.Extensions.Configuration.Abstractions",
    ];

    private static readonly string[] _own = ["Neoteny.Abstractions", "Neoteny.Runtime"];
    private readonly Dictionary<string, MetadataAssembly?> _opened = [];

    /// <summary>What the host shares: the contracts and the runtime, with the libraries in their signatures.</summary>
    /// <param name="moreContracts">Further assemblies, all of whose interfaces are extension points.</param>
    public static SharedAssemblies OfHost(params IEnumerable<string> moreContracts) =>
        new(AppContext.BaseDirectory, [.. _own, .. moreContracts]);

    /// <summary>Neoteny's own ones, which a plugin must be built for.</summary>
    public IReadOnlyList<string> Contracts { get; } = [.. contracts];

    /// <summary>Simple names of all of them.</summary>
    public IEnumerable<string> Names => Contracts.Concat(_libraries);

    /// <summary>Whether an interface is an extension point.</summary>
    public bool IsPoint(string? assembly, string typeName) =>
        assembly is not null && Contracts.Contains(assembly) && (ExtensionPoints.All.Contains(typeName) || !_own.Contains(assembly));

    /// <summary>The metadata of a shared assembly; null for any other name.</summary>
    public MetadataAssembly? Find(string name)
    {
        if (!Names.Contains(name))
            return null;
        if (!_opened.TryGetValue(name, out var assembly))
        {
            var path = Path.Combine(folder, $"{name}.dll");
            _opened[name] = assembly = File.Exists(path) ? MetadataAssembly.Open(path) : null;
        }
        return assembly;
    }

    public void Dispose()
    {
        foreach (var assembly in _opened.Values)
            assembly?.Dispose();
    }
}

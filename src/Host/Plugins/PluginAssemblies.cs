namespace Neoteny.Host.Plugins;

/// <summary>The assemblies that a plugin brings: its main one, and the private dependencies that references lead to from there.</summary>
/// <remarks>
/// What else lies in the folder does not count. The build output of a test project, named by its path, holds much that the plugin never loads.
/// </remarks>
internal sealed class PluginAssemblies : IDisposable
{
    private readonly List<MetadataAssembly> opened = [];

    private PluginAssemblies()
    {
    }

    /// <summary>All of them, the main one first.</summary>
    public IReadOnlyList<MetadataAssembly> All => opened;

    /// <summary>Opens them for their metadata.</summary>
    /// <param name="mainAssembly">The path of the main assembly.</param>
    /// <exception cref="PluginFaultException">One of them cannot be read.</exception>
    public static PluginAssemblies Open(string mainAssembly)
    {
        var plugin = new PluginAssemblies();
        try
        {
            plugin.Follow(mainAssembly);
            return plugin;
        }
        catch
        {
            plugin.Dispose();
            throw;
        }
    }

    /// <summary>How a reason calls one of them: the plugin itself is "it".</summary>
    public string Subject(MetadataAssembly assembly) => assembly == opened[0] ? "it" : $"its {assembly.Name} {assembly.Version.ToString(3)}";

    public void Dispose()
    {
        foreach (var assembly in opened)
            assembly.Dispose();
    }

    private void Follow(string mainAssembly)
    {
        var folder = Path.GetDirectoryName(mainAssembly)!;
        var known = new HashSet<string>(StringComparer.OrdinalIgnoreCase) { Path.GetFileNameWithoutExtension(mainAssembly) };
        opened.Add(OpenOne(mainAssembly));
        for (var i = 0; i < opened.Count; i++)
        {
            foreach (var (name, _) in opened[i].References)
            {
                // Of what the host shares, the host's own copy is loaded, wherever another one lies.
                var path = Path.Combine(folder, $"{name}.dll");
                if (!SharedAssemblies.IsOfHost(name) && known.Add(name) && File.Exists(path))
                    opened.Add(OpenOne(path));
            }
        }
    }

    private static MetadataAssembly OpenOne(string path)
    {
        try
        {
            return MetadataAssembly.Open(path);
        }
        catch (Exception e) when (e is BadImageFormatException or IOException or UnauthorizedAccessException)
        {
            throw new PluginFaultException($"{Path.GetFileName(path)}: {e.Message}");
        }
    }
}

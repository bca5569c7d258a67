using Neoteny.Benchmarks.Harness;

namespace Neoteny.Benchmarks.Startup;

/// <summary>The example's configuration, which loads two plugins, with a third one named.</summary>
internal sealed class ThreePluginConfig : IDisposable
{
    private static readonly string[] Plugins = ["CrossEntropy", "Lora", "Sdpa"];

    public ThreePluginConfig() => File.WriteAllText(Path, File.ReadAllText(System.IO.Path.Combine(Repository.Root, "examples", "capitals-lora.yml")) + "\nplugins: [CrossEntropy]\n");

    /// <summary>The file.</summary>
    public string Path { get; } = System.IO.Path.GetTempFileName();

    /// <summary>Fails where a check of the file did not load exactly these.</summary>
    /// <param name="output">What the command printed; each plugin has a line.</param>
    public void DemandThreePlugins(string output)
    {
        var loaded = output.Split('\n').Where(l => l.StartsWith("Plugin ", StringComparison.Ordinal)).Select(l => l.Split(' ')[1]).Order(StringComparer.Ordinal).ToList();
        if (!loaded.SequenceEqual(Plugins))
        {
            throw new NeotenyException($"The configuration is to load {string.Join(", ", Plugins)}, and loads {string.Join(", ", loaded)}: {output}");
        }
    }

    public void Dispose() => File.Delete(Path);
}

namespace Neoteny.Benchmarks.Harness;

/// <summary>Places in the repository.</summary>
internal static class Repository
{
    /// <summary>The folder of Framework.sln.</summary>
    public static string Root { get; } = Find();

    /// <summary>The example model's folder.</summary>
    public static string ExampleModel => Path.Combine(Root, "examples", "models", "neoteny-7m");

    /// <summary>The host's own build, of the configuration of this program: this program's folder has a copy of the host, but neither its start-up settings nor its plugins.</summary>
    public static string HostFolder { get; } = Path.Combine(Root, "src", "Host", "bin", Path.GetFileName(Path.GetDirectoryName(AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar))!), "net10.0");

    private static string Find()
    {
        foreach (var start in new[] { AppContext.BaseDirectory, Environment.CurrentDirectory })
        {
            for (var folder = start; folder is not null; folder = Path.GetDirectoryName(folder))
            {
                if (File.Exists(Path.Combine(folder, "Framework.sln")))
                {
                    return folder;
                }
            }
        }

        throw new InputException("Framework.sln is above neither the program nor the current folder. Run the benchmarks from a build in the repository, or in its folder.");
    }
}

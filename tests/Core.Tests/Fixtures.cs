namespace Neoteny.Core.Tests;

/// <summary>Where the reference fixtures lie.</summary>
internal static class Fixtures
{
    public static string Folder { get; } = Find();

    /// <summary>A model by name: that of NEOTENY_FIXTURES where it has one, else this repository's.</summary>
    public static string Model(string name)
        => Environment.GetEnvironmentVariable("NEOTENY_FIXTURES") is { Length: > 0 } given && Path.Combine(given, "models", name) is var found && Directory.Exists(found)
            ? found
            : Path.Combine(Folder, "models", name);

    private static string Find()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "Framework.sln")))
        {
            folder = Path.GetDirectoryName(folder) ?? throw new DirectoryNotFoundException("The repository root was not found above the tests.");
        }

        return Path.Combine(folder, "tests", "Fixtures");
    }
}

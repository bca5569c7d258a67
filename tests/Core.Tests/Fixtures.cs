namespace Neoteny.Core.Tests;

/// <summary>Where the reference fixtures lie.</summary>
internal static class Fixtures
{
    public static string Folder { get; } = Find();

    public static string Model(string name) => Path.Combine(Folder, "models", name);

    private static string Find()
    {
        if (Environment.GetEnvironmentVariable("NEOTENY_FIXTURES") is { Length: > 0 } named)
        {
            return named;
        }

        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "Framework.sln")))
        {
            folder = Path.GetDirectoryName(folder) ?? throw new DirectoryNotFoundException("The repository root was not found above the tests.");
        }

        return Path.Combine(folder, "tests", "Fixtures");
    }
}

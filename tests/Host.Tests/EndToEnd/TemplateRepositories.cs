using System.Reflection;
using System.Text.RegularExpressions;

namespace Neoteny.Host.Tests.EndToEnd;

/// <summary>Repositories made from all templates in a folder of their own, built from the packages of this build and the machine's package folder only.</summary>
public sealed partial class TemplateRepositories : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("neoteny-templates-").FullName;

    public TemplateRepositories()
    {
        File.WriteAllText(Path.Combine(folder, "nuget.config"), $"""
            <configuration>
              <config><add key="globalPackagesFolder" value="{Path.Combine(folder, "packages")}" /></config>
              <fallbackPackageFolders><clear /><add key="machine" value="{Metadata("PackageFolder")}" /></fallbackPackageFolders>
              <packageSources><clear /></packageSources>
            </configuration>
            """);

        // The README's own words, with the places of this test.
        foreach (var command in Commands.SkipLast(1))
            DotNetCommand.RunPlain(folder, Arguments(command));
        foreach (var point in Points.Skip(1))
            DotNetCommand.RunPlain(folder, "new", $"neoteny-{point}", "-o", Path.Combine(folder, Name(point)), "--packages", PackagesFolder);
        FirstTests = DotNetCommand.Run(folder, [.. Arguments(Commands[^1]), "-c", "Release"]);
        BuildOthers();
    }

    /// <summary>The extension points; the README's example first.</summary>
    public static string[] Points { get; } = ["attention", "loss", "module", "adapter", "quantizer", "offload", "parallelism"];

    /// <summary>The commands in the README that make a plugin and test it.</summary>
    public static string[] Commands { get; } = [.. ReadmeCommand().Matches(File.ReadAllText(Path.Combine(Metadata("RepositoryRoot"), "README.md"))).Select(m => m.Value.Trim())];

    /// <summary>What the last of them printed.</summary>
    public string FirstTests { get; }

    /// <summary>Where the build of a repository laid its plugin out.</summary>
    public string Plugin(string point) => Path.Combine(folder, Name(point), "src", Name(point), "bin/plugins", Name(point), "0.1.0");

    /// <summary>Runs the tests of all repositories but the first.</summary>
    public string TestOthers() => DotNetCommand.RunPlain(folder, ["vstest", .. Points.Skip(1).Select(p => Path.Combine(folder, Name(p), "tests", $"{Name(p)}.Tests", "bin/Release/net10.0", $"{Name(p)}.Tests.dll"))]);

    public string Read(string point, string file) => File.ReadAllText(Path.Combine(folder, Name(point), file));

    public void Dispose() => Directory.Delete(folder, recursive: true);

    /// <summary>Builds in one process.</summary>
    private void BuildOthers()
    {
        File.WriteAllText(Path.Combine(folder, "all.proj"), """
            <Project>
              <ItemGroup><Tests Include="*/tests/*/*.csproj" Exclude="Acme.Attention/**" /></ItemGroup>
              <Target Name="Build">
                <MSBuild Projects="@(Tests)" Targets="Restore" Properties="Configuration=Release;MSBuildRestoreSessionId=1" />
                <MSBuild Projects="@(Tests)" Targets="Build" Properties="Configuration=Release" BuildInParallel="true" />
              </Target>
            </Project>
            """);
        DotNetCommand.Run(folder, "build", "all.proj", "-m");
    }

    private static string Name(string point) => $"Acme.{char.ToUpperInvariant(point[0])}{point[1..]}";

    private static string PackagesFolder => Path.Combine(AppContext.BaseDirectory, "packages");

    private string[] Arguments(string command) => [.. command.Replace("$PWD/out/packages", PackagesFolder).Replace("out/packages", PackagesFolder).Replace("../", folder + "/").Split(' ')[1..]];

    private static string Metadata(string key) =>
        typeof(TemplateRepositories).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == key).Value!;

    [GeneratedRegex(@"^    dotnet (new install|new neoteny-attention|test \.\./Acme).*$", RegexOptions.Multiline)]
    private static partial Regex ReadmeCommand();
}

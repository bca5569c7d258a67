using System.Reflection;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace Neoteny.Host.Tests.EndToEnd;

/// <summary>
/// What somebody else's machine holds: repositories made from all templates, a copy of the sample, a plugin of one project. They see the packages
/// of this build and the machine's package folder, and nothing of this repository. Built once for all tests.
/// </summary>
public sealed partial class ThirdParties : IDisposable
{
    /// <summary>The collection of the tests that share it.</summary>
    public const string Name = "third parties";

    private static readonly string _sample = "samples/ThirdParty.Attention";
    private readonly string folder = Directory.CreateTempSubdirectory("neoteny-third-").FullName;
    private readonly string compiler = $"neoteny-tests-{Environment.ProcessId}";
    private string? tested;

    public ThirdParties()
    {
        File.WriteAllText(At("nuget.config"), $"""
            <configuration>
              <config><add key="globalPackagesFolder" value="{At("packages")}" /></config>
              <fallbackPackageFolders><clear /><add key="machine" value="{Metadata("PackageFolder")}" /></fallbackPackageFolders>
              <packageSources><clear /><add key="build" value="{PackagesFolder}" /></packageSources>
            </configuration>
            """);

        // The README's own words, with the places of this test.
        foreach (var command in Commands.SkipLast(1))
            DotNetCommand.RunPlain(folder, Arguments(command));
        foreach (var point in Points.Skip(1))
            DotNetCommand.RunPlain(folder, "new", $"neoteny-{point}", "-o", At(IdOf(point)), "--packages", PackagesFolder);
        CopySample();
        foreach (var id in new[] { NormProject.Id, NormProject.HazardousId })
            NormProject.Write(At(id), Metadata("PackageVersion"), CentralVersion("YamlDotNet"));
        FirstTests = DotNetCommand.RunWithCompiler(folder, compiler, [.. Arguments(Commands[^1]), "-c", "Release"]);
        BuildOthers();
    }

    /// <summary>The extension points; the README's example first.</summary>
    public static string[] Points { get; } = ["attention", "loss", "module", "adapter", "quantizer", "offload", "parallelism"];

    /// <summary>The commands in the README that make a plugin and test it.</summary>
    public static string[] Commands { get; } = [.. ReadmeCommand().Matches(File.ReadAllText(Path.Combine(Metadata("RepositoryRoot"), "README.md"))).Select(m => m.Value.Trim())];

    /// <summary>What the last of them printed.</summary>
    public string FirstTests { get; }

    /// <summary>What the tests of all other repositories printed; they run when somebody asks first.</summary>
    public string OtherTests => tested ??= DotNetCommand.RunPlain(folder, ["vstest", "--Parallel", .. Tests.Select(t => At($"{t.Folder}/bin/Release/net10.0/{t.Id}.Tests.dll"))]);

    /// <summary>Where the build laid the sample out.</summary>
    public string SamplePlugins => At($"{_sample}/src/ThirdParty.Attention/bin/plugins");

    /// <summary>Where the build of a template's repository laid its plugin out.</summary>
    public string Plugin(string point) => At($"{IdOf(point)}/src/{IdOf(point)}/bin/plugins/{IdOf(point)}/0.1.0");

    public string At(string path) => Path.Combine(folder, path);

    public void Dispose() => Directory.Delete(folder, recursive: true);

    internal static string Metadata(string key) =>
        typeof(ThirdParties).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == key).Value!;

    /// <summary>The test projects that this class builds.</summary>
    private static IEnumerable<(string Id, string Folder)> Tests =>
        [.. Points.Skip(1).Select(p => (IdOf(p), $"{IdOf(p)}/tests/{IdOf(p)}.Tests")), ("ThirdParty.Attention", $"{_sample}/tests/ThirdParty.Attention.Tests")];

    private static string IdOf(string point) => $"Acme.{char.ToUpperInvariant(point[0])}{point[1..]}";

    private static string PackagesFolder => Path.Combine(AppContext.BaseDirectory, "packages");

    /// <summary>The sample with the packages where its own nuget.config looks for them.</summary>
    private void CopySample()
    {
        Directory.CreateDirectory(At("out"));
        Directory.CreateSymbolicLink(At("out/packages"), PackagesFolder);
        var source = Path.Combine(Metadata("RepositoryRoot"), _sample);
        foreach (var file in Directory.EnumerateFiles(source, "*", SearchOption.AllDirectories).Select(f => Path.GetRelativePath(source, f)).Where(f => !BuildOutput().IsMatch(f)))
        {
            Directory.CreateDirectory(Path.GetDirectoryName(At($"{_sample}/{file}"))!);
            File.Copy(Path.Combine(source, file), At($"{_sample}/{file}"));
        }
    }

    /// <summary>Restores, builds and packs in one process, and ends the compiler's.</summary>
    private void BuildOthers()
    {
        var projects = Tests.Select(t => $"{t.Folder}/{t.Id}.Tests.csproj").Append($"{NormProject.Id}/{NormProject.Id}.csproj").ToList();
        IEnumerable<string> restored = [.. projects, .. Tests.Select(t => $"{Path.GetDirectoryName(Path.GetDirectoryName(t.Folder))}/src/{t.Id}/{t.Id}.csproj"), $"{NormProject.HazardousId}/{NormProject.HazardousId}.csproj"];
        File.WriteAllText(At("all.slnx"), $"<Solution>{string.Concat(restored.Select(p => $"<Project Path=\"{p}\" />"))}</Solution>");
        File.WriteAllText(At("all.proj"), $"""
            <Project>
              <Target Name="Build">
                <MSBuild Projects="all.slnx" Targets="Restore" Properties="Configuration=Release;MSBuildRestoreSessionId=1" />
                <MSBuild Projects="{string.Join(';', projects)}" Targets="Build" Properties="Configuration=Release" BuildInParallel="true" />
                <MSBuild Projects="{projects[^1]}" Targets="Pack" Properties="Configuration=Release;NoBuild=true" />
                <CallTarget Targets="EndCompiler" />
                <OnError ExecuteTargets="EndCompiler" />
              </Target>
              <Target Name="EndCompiler">
                <Exec Command="dotnet exec &quot;$(MSBuildToolsPath)/Roslyn/bincore/VBCSCompiler.dll&quot; -shutdown -pipename:{compiler}" StandardOutputImportance="low" />
              </Target>
            </Project>
            """);
        DotNetCommand.RunWithCompiler(folder, compiler, "build", "all.proj", "-m");
    }

    private string[] Arguments(string command) => [.. command.Replace("$PWD/out/packages", PackagesFolder).Replace("out/packages", PackagesFolder).Replace("../", folder + "/").Split(' ')[1..]];

    private static string CentralVersion(string package) => XDocument.Load(Path.Combine(Metadata("RepositoryRoot"), "Directory.Packages.props")).Descendants("PackageVersion")
        .Single(p => p.Attribute("Include")!.Value == package).Attribute("Version")!.Value;

    [GeneratedRegex(@"^    dotnet (new install|new neoteny-attention|test \.\./Acme).*$", RegexOptions.Multiline)]
    private static partial Regex ReadmeCommand();

    [GeneratedRegex(@"(^|/)(bin|obj)/")]
    private static partial Regex BuildOutput();
}

/// <summary>Its tests run one after the other, as all tests here do.</summary>
[CollectionDefinition(ThirdParties.Name, DisableParallelization = true)]
public sealed class ThirdPartyCollection : ICollectionFixture<ThirdParties>;

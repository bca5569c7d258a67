using System.Text.RegularExpressions;
using Neoteny.Host.Commands;
using Neoteny.Host.Tests.EndToEnd;
using Neoteny.Host.Tests.Plugins;

namespace Neoteny.Host.Tests.Packages;

/// <summary>Packages by id, from folders and from a NuGet server.</summary>
public sealed class FeedTests : IDisposable
{
    // Six attempts, a second apart, for a server that answers 404: the delay is read when NuGet is used first.
    static FeedTests() => Environment.SetEnvironmentVariable("NUGET_ENHANCED_NETWORK_RETRY_DELAY_MILLISECONDS", "1");

    private readonly string folder = Directory.CreateTempSubdirectory("neoteny-test-").FullName;
    private readonly StringWriter output = new();
    private readonly StringWriter error = new();

    private string Plugins => Path.Combine(folder, "plugins");

    private string Feed => Directory.CreateDirectory(Path.Combine(folder, "feed")).FullName;

    [Fact]
    public async Task A_folder_gives_the_highest_version_or_the_one_asked_for_and_versions_stand_side_by_side()
    {
        TestPackage.OfFixture(Feed, "Claiming/1.0.0");
        TestPackage.OfFixture(Feed, "Claiming/1.2.0");

        Assert.Equal(0, await Run("install", "Claiming", "--source", Feed));
        Assert.Equal(0, await Run("install", "Claiming", "--source", Feed, "--version", "[1.0,1.1)"));

        Assert.Contains($"Installed Claiming 1.2.0 in {At("Claiming/1.2.0")}\n", output.ToString());
        Assert.Contains($"Installed Claiming 1.0.0 in {At("Claiming/1.0.0")}\n", output.ToString());
        Assert.EndsWith("Claiming 1.2.0 is installed too, and used unless a configuration says plugins: ['Claiming@1.0.0'].\n", output.ToString());
        output.GetStringBuilder().Clear();
        await Run("list");
        Assert.Matches("(?m)^Claiming +1\\.2\\.0 +available", output.ToString());
        Assert.Matches("(?m)^Claiming +1\\.0\\.0 +superseded .*\n  1\\.2\\.0 is installed$", output.ToString());

        Assert.Equal(0, await Run("remove", "Claiming", "--version", "1.2.0"));
        Assert.True(Directory.Exists(At("Claiming/1.0.0")));
        Assert.False(Directory.Exists(At("Claiming/1.2.0")));
    }

    [Fact]
    public async Task The_prefix_of_own_packages_may_be_left_out()
    {
        TestPackage.OfFixture(Feed, "FirstClaim/1.0.0", id: "Neoteny.FirstClaim");

        Assert.Equal(0, await Run("install", "FirstClaim", "--source", Feed));
        Assert.Equal(0, await Run("remove", "Neoteny.FirstClaim"));

        Assert.StartsWith($"Installed FirstClaim 1.0.0 in {At("FirstClaim/1.0.0")}\n", output.ToString());
    }

    [Theory]
    [MemberData(nameof(ShippedPluginTests.Shipped), MemberType = typeof(ShippedPluginTests))]
    public async Task A_plugin_of_this_repository_is_installed_from_its_own_package_with_the_files_of_its_layout(string id)
    {
        Assert.Equal(0, await Run("install", id, "--source", Path.Combine(AppContext.BaseDirectory, "packages")));

        var laidOut = Directory.GetDirectories(Path.Combine(Path.GetDirectoryName(NeotenyProgram.File)!, "plugins", id)).Single();
        var version = Path.GetFileName(laidOut);
        Assert.StartsWith($"Installed {id} {version} in {At($"{id}/{version}")}\nIt provides ", output.ToString());
        Assert.Equal(Files(laidOut).Append("installed-from.json").Order(StringComparer.Ordinal), Files(At($"{id}/{version}")));
        output.GetStringBuilder().Clear();
        await Run("list");
        Assert.Matches($"(?m)^{id} +{Regex.Escape(version)} +available ", output.ToString());
    }

    [Fact]
    public async Task A_server_of_protocol_version_3_gives_packages()
    {
        TestPackage.OfFixture(Feed, "FirstClaim/1.0.0");
        using var server = new PackageServer(Feed);

        Assert.Equal(0, await Run("install", "FirstClaim", "--source", server.Index));

        Assert.StartsWith($"Installed FirstClaim 1.0.0 in {At("FirstClaim/1.0.0")}\n", output.ToString());
        output.GetStringBuilder().Clear();
        await Run("info", "FirstClaim");
        Assert.Contains($"  package:        FirstClaim 1.0.0 from {server.Index}\n", output.ToString());
    }

    [Fact]
    public async Task A_package_that_cannot_be_had_says_why()
    {
        TestPackage.OfFixture(Feed, "FirstClaim/1.0.0");
        using var server = new PackageServer(Feed);
        var absent = Path.Combine(folder, "absent");

        Assert.Equal(2, await Run("install", "Nothing", "--source", Feed, "--source", server.Index));
        Assert.Equal(2, await Run("install", "FirstClaim", "--source", Feed, "--version", "2.*"));
        Assert.Equal(2, await Run("install", "FirstClaim", "--source", absent));
        Assert.Equal(2, await Run("install", "FirstClaim", "--source", "http://example.invalid/index.json"));
        Assert.Equal(2, await Run("install", Path.Combine(absent, "x.nupkg")));
        Assert.Equal(1, await Run("install", "FirstClaim", "--source", server.Index.Replace("index.json", "nothing.json")));

        var lines = error.ToString().TrimEnd('\n').Split('\n');
        Assert.Equal(
            [
                $"error: There is no package Neoteny.Nothing or Nothing in {Feed}, {server.Index}. Check the name, or give a folder or a server with --source.",
                $"error: No version of FirstClaim in {Feed} satisfies '2.*'; there are 1.0.0. Choose one with --version.",
                $"error: --source: there is no folder {absent}. Give a folder with .nupkg files or the address of a NuGet server (https://.../index.json).",
                "error: --source: http://example.invalid/index.json is not encrypted, so packages can be changed on their way. Use https.",
                $"error: There is no package file {absent}/x.nupkg. Check the path.",
            ],
            lines[..5]);
        Assert.StartsWith($"error: The package source {server.Index.Replace("index.json", "nothing.json")} cannot be read: ", lines[5]);
        Assert.Equal(6, lines.Length);
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private static IEnumerable<string> Files(string folder) => Directory.GetFiles(folder, "*", SearchOption.AllDirectories).Select(f => Path.GetRelativePath(folder, f)).Order(StringComparer.Ordinal);

    private string At(string path) => Path.Combine(Plugins, path);

    private Task<int> Run(params string[] args)
    {
        Directory.CreateDirectory(Plugins);
        return CommandLine.RunAsync(["plugins", .. args, "--plugin-dir", Plugins], output, error);
    }
}

using Neoteny.Host.Commands;

namespace Neoteny.Host.Tests.Packages;

public sealed class InstallTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("neoteny-test-").FullName;
    private readonly StringWriter output = new();
    private readonly StringWriter error = new();

    private string Plugins => Path.Combine(folder, "plugins");

    private string Feed => Path.Combine(folder, "feed");

    [Fact]
    public async Task A_package_file_is_installed_listed_described_and_removed()
    {
        var package = TestPackage.OfFixture(Feed, "FirstClaim/1.0.0", more: ("plugin/README.md", "# First"));

        Assert.Equal(0, await Run("install", package));
        Assert.Equal($"Installed FirstClaim 1.0.0 in {At("FirstClaim/1.0.0")}\nIt provides module first_norm.\nUse it with plugins: [FirstClaim] in a configuration.\n", Output());
        Assert.Equal(["FirstClaim"], Entries(Plugins));
        Assert.Equal(["Neoteny.FirstClaim.deps.json", "Neoteny.FirstClaim.dll", "Neoteny.FirstClaim.pdb", "README.md", "installed-from.json"], Entries(At("FirstClaim/1.0.0")));

        Assert.Equal(0, await Run("list"));
        Assert.Matches($"(?m)^FirstClaim +1\\.0\\.0 +available +module first_norm +{At("FirstClaim/1.0.0")}$", Output());

        Assert.Equal(0, await Run("info", "firstclaim"));
        var info = Output();
        Assert.StartsWith("FirstClaim 1.0.0\n  status:         available\n", info);
        Assert.Contains($"  package:        FirstClaim 1.0.0 from {package}\n", info);
        Assert.Contains($"  readme:         {At("FirstClaim/1.0.0/README.md")}\n", info);
        Assert.Contains("  provides:\n    module first_norm\n", info);
        Assert.Contains("    README.md (7 bytes)\n", info);

        Assert.Equal(0, await Run("remove", "FirstClaim"));
        Assert.Equal($"Removed {At("FirstClaim/1.0.0")}\n", Output());
        Assert.Empty(Entries(Plugins));
    }

    [Fact]
    public async Task Keys_are_described_with_type_range_and_default()
    {
        await Run("install", TestPackage.OfFixture(Feed, "Overlapping/1.0.0"));
        Output();

        await Run("info", "Overlapping", "--version", "1.*");

        Assert.Contains("  keys:\n    greeter_name: a text\n    overlapping_depth: a whole number, required. How deep.\n", Output());
    }

    [Fact]
    public async Task Keys_are_described_with_what_they_activate()
    {
        await Run("install", TestPackage.OfFixture(Feed, "Keyed/1.0.0"));
        Output();

        await Run("info", "Keyed");

        Assert.Contains("    keyed_norms: true or false, default false, activates keyed_norm, keyed_sleeve. Replace the last norm, and wrap it.\n", Output());
    }

    [Fact]
    public async Task The_same_content_again_changes_nothing_and_other_content_is_refused()
    {
        await Run("install", TestPackage.OfFixture(Feed, "FirstClaim/1.0.0"));
        var written = File.GetLastWriteTimeUtc(At("FirstClaim/1.0.0/Neoteny.FirstClaim.dll"));
        Output();

        Assert.Equal(0, await Run("install", TestPackage.OfFixture(Path.Combine(folder, "again"), "FirstClaim/1.0.0")));
        Assert.StartsWith($"FirstClaim 1.0.0 is installed already, with the same files, in {At("FirstClaim/1.0.0")}\n", Output());

        Assert.Equal(2, await Run("install", TestPackage.OfFixture(Path.Combine(folder, "other"), "FirstClaim/1.0.0", more: ("plugin/more.txt", "more"))));
        Assert.Equal(
            $"error: FirstClaim 1.0.0 is installed in {At("FirstClaim/1.0.0")} with other content, and a version never changes. Install another version, or remove this one first: "
            + "neoteny plugins remove FirstClaim --version 1.0.0\n",
            error.ToString());
        Assert.Equal(written, File.GetLastWriteTimeUtc(At("FirstClaim/1.0.0/Neoteny.FirstClaim.dll")));
        Assert.Equal(["FirstClaim"], Entries(Plugins));
    }

    [Theory]
    [InlineData("NextMajor/1.0.0", "this host cannot load it: it is built for Neoteny.Abstractions 9.0 and this host has 0.1; install a version of the plugin that is built for 0.1")]
    [InlineData("Grasping/1.0.0", "this host cannot load it: it claims the key 'plugins', which Neoteny itself owns")]
    public async Task What_this_host_cannot_load_is_not_installed(string plugin, string reason)
    {
        var package = TestPackage.OfFixture(Feed, plugin);

        Assert.Equal(2, await Run("install", package));

        Assert.Equal($"error: {Path.GetFileName(package)} is refused: {reason}. Nothing was installed.\n", error.ToString());
        Assert.Empty(Entries(Plugins));
    }

    [Fact]
    public async Task A_package_that_is_not_what_it_is_called_is_refused()
    {
        await Run("install", TestPackage.OfFixture(Feed, "FirstClaim/1.0.0", id: "Second"));
        await Run("install", TestPackage.OfFixture(Feed, "FirstClaim/1.0.0", version: "3.0.0"));
        await Run("install", TestPackage.Write(Feed, "Bad", "1.0.0", [("plugin/Bad.dll", "no assembly"u8.ToArray())]));

        Assert.Equal(
            "error: Second.1.0.0.nupkg is refused: the package is called Second and the plugin in it FirstClaim. Nothing was installed.\n"
            + "error: FirstClaim.3.0.0.nupkg is refused: the package has version 3.0.0 and the plugin in it 1.0.0. Nothing was installed.\n"
            + "error: Bad.1.0.0.nupkg is refused: Bad.dll: the file is not a .NET assembly. Nothing was installed.\n",
            error.ToString());
        Assert.Empty(Entries(Plugins));
    }

    [Fact]
    public async Task No_code_of_a_package_runs_at_installation()
    {
        // Its module initializer throws as soon as the assembly is loaded and touched.
        var package = TestPackage.OfFixture(Feed, "Guarded/1.0.0");

        Assert.Equal(0, await Run("install", package));
        Assert.Equal(0, await Run("info", "Guarded"));

        Assert.DoesNotContain(AppDomain.CurrentDomain.GetAssemblies(), a => a.GetName().Name == "Neoteny.Guarded");
    }

    [Fact]
    public async Task Leftovers_of_a_killed_installation_are_no_plugins_and_go_with_the_next_one()
    {
        Directory.CreateDirectory(At(".tmp-0123/FirstClaim"));
        File.WriteAllText(At(".tmp-0123/FirstClaim/half.dll"), "");

        await Run("list");
        Assert.DoesNotContain("tmp-0123", Output());
        await Run("install", TestPackage.OfFixture(Feed, "FirstClaim/1.0.0"));

        Assert.Equal(["FirstClaim"], Entries(Plugins));
    }

    [Fact]
    public async Task Removing_what_is_not_there_says_where_it_is()
    {
        await Run("install", TestPackage.OfFixture(Feed, "FirstClaim/1.0.0"));

        Assert.Equal(2, await Run("remove", "SecondClaim"));
        Assert.Equal(2, await Run("remove", "FirstClaim", "--version", "2.0.0"));
        Assert.Equal(2, await Run("remove", "FirstClaim", "--version", "new"));

        Assert.Equal(
            $"error: There is no plugin SecondClaim in {Plugins}. 'neoteny plugins list' shows what is installed.\n"
            + $"error: There is no FirstClaim@2.0.0 in {Plugins}; there is FirstClaim 1.0.0 in {At("FirstClaim/1.0.0")}. Name the folder with --plugin-dir, or the version with --version.\n"
            + "error: --version: 'new' is no version or range of versions, such as 1.2.0, 1.* or [1.0,2.0).\n",
            error.ToString());
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private string At(string path) => Path.Combine(Plugins, path);

    private Task<int> Run(params string[] args)
    {
        Directory.CreateDirectory(Plugins);
        return CommandLine.RunAsync(["plugins", .. args, "--plugin-dir", Plugins], output, error);
    }

    private string Output()
    {
        var text = output.ToString();
        output.GetStringBuilder().Clear();
        return text;
    }

    private static IEnumerable<string> Entries(string path) =>
        Directory.EnumerateFileSystemEntries(path).Select(e => Path.GetFileName(e)).Where(e => e != ".lock").Order(StringComparer.Ordinal);
}

using System.IO.Compression;
using Neoteny.Host.Plugins.Packages;

namespace Neoteny.Host.Tests.Packages;

/// <summary>Archives that are not what they should be. Each is refused as a whole, and nothing is written.</summary>
public sealed class ArchiveTests : IDisposable
{
    private const int SymbolicLink = unchecked((int)0xA1FF0000);
    private const int CharacterDevice = 0x21FF0000;
    private readonly string folder = Directory.CreateTempSubdirectory("neoteny-test-").FullName;

    [Theory]
    [InlineData("../evil.dll", "the entry '../evil.dll' leads out of its folder")]
    [InlineData("plugin/../../evil.dll", "the entry 'plugin/../../evil.dll' leads out of its folder")]
    [InlineData("plugin/%2e%2e/%2e%2e/evil.dll", "the entry 'plugin/../../evil.dll' leads out of its folder")]
    [InlineData("plugin%2f..%2f..%2fevil.dll", "the entry 'plugin/../../evil.dll' leads out of its folder")]
    [InlineData("/etc/evil.dll", "the entry '/etc/evil.dll' has an absolute path")]
    [InlineData("\\evil.dll", "the entry '\\evil.dll' has an absolute path")]
    [InlineData("plugin/..\\evil.dll", "the entry 'plugin/..\\evil.dll' has a backslash in its name")]
    [InlineData("C:/evil.dll", "the entry 'C:/evil.dll' names a drive or a stream")]
    [InlineData("plugin/a.dll:stream", "the entry 'plugin/a.dll:stream' names a drive or a stream")]
    [InlineData("plugin/./a.dll", "the entry 'plugin/./a.dll' has a name that some disks change")]
    [InlineData("plugin//a.dll", "the entry 'plugin//a.dll' has a name that some disks change")]
    [InlineData("plugin/a.dll.", "the entry 'plugin/a.dll.' has a name that some disks change")]
    [InlineData("plugin/a\n.dll", "the entry 'plugin/a?.dll' has control characters in its name")]
    [InlineData("plugin/GREETER.dll", "the entries 'plugin/greeter.dll' and 'plugin/GREETER.dll' differ only by case")]
    [InlineData("Plugin/b.dll", "the entries 'plugin' and 'Plugin' differ only by case")]
    [InlineData("plugin/greeter.dll", "it holds 'plugin/greeter.dll' twice")]
    [InlineData("plugin/greeter.dll/x", "'plugin/greeter.dll' is a file and a folder in it")]
    public void An_entry_that_is_not_safe_refuses_the_package(string entry, string reason)
    {
        Assert.Equal($"p is refused: {reason}. Nothing was installed.", Refusal([("plugin/greeter.dll", []), (entry, [])]));
    }

    [Theory]
    [InlineData(SymbolicLink)]
    [InlineData(CharacterDevice)]
    public void A_link_or_device_refuses_the_package(int attributes)
    {
        Assert.Equal("p is refused: the entry 'plugin/a.dll' is a link or another special file. Nothing was installed.", Refusal([("plugin/a.dll", [])], attributes: attributes));
    }

    [Fact]
    public void A_package_that_is_too_large_is_refused()
    {
        var path = TestPackage.Write(folder, "A", "1.0.0", [("plugin/a.bin", new byte[3 << 20]), ("plugin/b.bin", new byte[3 << 20])]);

        var bytes = Assert.Throws<InputException>(() => PluginPackage.Open(path, "p", new ArchiveLimits(10, 5 << 20)));
        var entries = Assert.Throws<InputException>(() => PluginPackage.Open(path, "p", new ArchiveLimits(2, 1 << 30)));

        Assert.Equal("p is refused: its files take more than 5 MiB. Nothing was installed.", bytes.Message);
        Assert.Equal("p is refused: it has 3 entries, and at most 2 are allowed. Nothing was installed.", entries.Message);
    }

    [Fact]
    public void An_entry_that_is_larger_than_it_says_is_refused_and_never_written_beyond_that()
    {
        var path = TestPackage.Write(folder, "A", "1.0.0", [("plugin/a.bin", new byte[100_000])]);
        Understate(path, size: 100_000, claim: 10);
        using var package = PluginPackage.Open(path, "p");
        var target = Directory.CreateDirectory(Path.Combine(folder, "out")).FullName;

        var error = Assert.Throws<InputException>(() => package.Unpack(target));

        Assert.Equal("p is refused: the entry 'plugin/a.bin' is damaged (its checksum is another one). Nothing was installed.", error.Message);
        Assert.InRange(new FileInfo(Path.Combine(target, "a.bin")).Length, 0, 10);
    }

    [Fact]
    public void What_is_no_plugin_package_is_refused()
    {
        var text = Path.Combine(folder, "text.nupkg");
        File.WriteAllText(text, "not an archive");

        Assert.StartsWith("p is refused: it is not a NuGet package (", Assert.Throws<InputException>(() => PluginPackage.Open(text, "p")).Message);
        Assert.Equal("p is refused: it is no plugin: its package type is Dependency, and a plugin's is NeotenyPlugin. Nothing was installed.", Refusal([("plugin/a.dll", [])], type: "Dependency"));
        Assert.Equal("p is refused: it has no files under plugin/. Nothing was installed.", Refusal([("lib/a.dll", [])]));
        Assert.Equal(
            "p is refused: it depends on the package Words, and a plugin brings along what it needs: pack it with the targets of Neoteny.Abstractions. Nothing was installed.",
            Refusal([("plugin/a.dll", [])], dependencies: "<dependencies><dependency id=\"Words\" version=\"1.0.0\" /></dependencies>"));
    }

    [Fact]
    public void Two_manifests_are_refused()
    {
        Assert.Equal("p is refused: it is not a NuGet package (2 .nuspec files at its root). Nothing was installed.", Refusal([("plugin/a.dll", []), ("B.nuspec", [])]));
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private string Refusal(IEnumerable<(string, byte[])> entries, string type = "NeotenyPlugin", string dependencies = "", int attributes = 0)
    {
        var path = TestPackage.Write(Path.Combine(folder, Guid.NewGuid().ToString("n")), "A", "1.0.0", entries, type, dependencies, attributes);
        return Assert.Throws<InputException>(() => PluginPackage.Open(path, "p")).Message;
    }

    /// <summary>Writes another uncompressed size over every place where the archive states it.</summary>
    private static void Understate(string path, int size, int claim)
    {
        var bytes = File.ReadAllBytes(path);
        var (wanted, written) = (BitConverter.GetBytes(size), 0);
        for (var i = 0; i + 4 <= bytes.Length; i++)
        {
            if (bytes.AsSpan(i, 4).SequenceEqual(wanted))
            {
                BitConverter.GetBytes(claim).CopyTo(bytes, i);
                written++;
            }
        }

        Assert.True(written > 0);
        File.WriteAllBytes(path, bytes);
        using var archive = ZipFile.OpenRead(path);
        Assert.Equal(claim, archive.GetEntry("plugin/a.bin")!.Length);
    }
}

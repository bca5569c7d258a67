using System.IO.Compression;

namespace Neoteny.Host.Tests.Packages;

/// <summary>Makes package files, proper ones and hostile ones.</summary>
internal static class TestPackage
{
    /// <summary>A package of a fixture plugin.</summary>
    /// <param name="folder">Where to write it.</param>
    /// <param name="plugin">The fixture as <c>Id/Version</c>.</param>
    /// <param name="id">The package's id; null for the plugin's.</param>
    /// <param name="version">The package's version; null for the plugin's.</param>
    /// <param name="more">Further entries.</param>
    public static string OfFixture(string folder, string plugin, string? id = null, string? version = null, params (string Name, string Content)[] more)
    {
        var parts = plugin.Split('/');
        var files = Directory.GetFiles(TestHost.FixturePath(plugin)).Select(f => ($"plugin/{Path.GetFileName(f)}", File.ReadAllBytes(f)));
        var extra = more.Select(m => (m.Name, System.Text.Encoding.UTF8.GetBytes(m.Content)));
        return Write(folder, id ?? parts[0], version ?? parts[1], [.. files, .. extra]);
    }

    /// <summary>A package with these entries, written as they are.</summary>
    public static string Write(
        string folder, string id, string version, IEnumerable<(string Name, byte[] Content)> entries, string type = "NeotenyPlugin", string dependencies = "", int attributes = 0)
    {
        var path = Path.Combine(Directory.CreateDirectory(folder).FullName, $"{id}.{version}.nupkg");
        using var archive = ZipFile.Open(path, ZipArchiveMode.Create);
        using (var nuspec = new StreamWriter(archive.CreateEntry($"{id}.nuspec").Open()))
        {
            nuspec.Write($"""
                <package xmlns="http://schemas.microsoft.com/packaging/2013/05/nuspec.xsd"><metadata>
                <id>{id}</id><version>{version}</version><authors>a</authors><description>d</description>
                <packageTypes><packageType name="{type}" /></packageTypes>{dependencies}
                </metadata></package>
                """);
        }

        foreach (var (name, content) in entries)
        {
            var entry = archive.CreateEntry(name);
            entry.ExternalAttributes = attributes;
            using var stream = entry.Open();
            stream.Write(content);
        }

        return path;
    }
}

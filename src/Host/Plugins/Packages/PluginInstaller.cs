using System.Security.Cryptography;
using Neoteny.Host.Configuration;
using NuGet.Packaging;
using NuGet.Versioning;

namespace Neoteny.Host.Plugins.Packages;

/// <summary>What an installation did.</summary>
/// <param name="Plugin">The plugin in its place.</param>
/// <param name="WasThere">Whether the same files were there already.</param>
internal sealed record Installation(InstalledPlugin Plugin, bool WasThere);

/// <summary>Installs plugins from packages. No code of a package runs: it is data until a configuration names it.</summary>
internal sealed class PluginInstaller(HostSetup setup, PluginStore store)
{
    /// <summary>Fetches a package, checks it, and puts its plugin into the store.</summary>
    /// <param name="package">A package file, or an id.</param>
    /// <param name="sources">Where to look for an id; empty for NuGet's own settings.</param>
    /// <param name="range">Which versions of an id; null for the highest.</param>
    /// <param name="stop">Ends the download.</param>
    /// <exception cref="InputException">There is no such package, it is refused, this host cannot load it, or its version is taken by other files.</exception>
    /// <exception cref="NeotenyException">A source or the store fails.</exception>
    public async Task<Installation> InstallAsync(string package, IReadOnlyList<string> sources, VersionRange? range, CancellationToken stop)
    {
        var downloads = Directory.CreateTempSubdirectory("neoteny-package-");
        try
        {
            var file = Path.Combine(downloads.FullName, "package");
            var (name, source) = await FetchAsync(package, sources, range, file, stop);
            using var guard = store.Lock();
            return Install(file, name, source);
        }
        finally
        {
            downloads.Delete(recursive: true);
        }
    }

    private static async Task<(string Name, string Source)> FetchAsync(string package, IReadOnlyList<string> sources, VersionRange? range, string file, CancellationToken stop)
    {
        if (!package.EndsWith(".nupkg", StringComparison.OrdinalIgnoreCase))
        {
            var offer = await PackageFeeds.Of(sources).FindAsync(package, range, stop);
            await PackageFeeds.DownloadAsync(offer, file, stop);
            return (offer.ToString(), offer.Source.PackageSource.Source);
        }

        if (!File.Exists(package))
        {
            throw new InputException($"There is no package file {Path.GetFullPath(package)}. Check the path.");
        }

        File.Copy(package, file);
        return (Path.GetFileName(package), Path.GetFullPath(package));
    }

    private Installation Install(string file, string name, string source)
    {
        using var package = PluginPackage.Open(file, name);
        var staged = store.Stage();
        try
        {
            return Install(package, file, name, source, staged);
        }
        finally
        {
            if (Directory.Exists(staged))
            {
                Directory.Delete(staged, recursive: true);
            }
        }
    }

    private Installation Install(PluginPackage package, string file, string name, string source, string staged)
    {
        package.Unpack(staged);
        var plugin = Check(staged, package, name);
        var place = store.PlaceOf(plugin.Manifest!.Id, plugin.Manifest.Version);
        if (Directory.Exists(place))
        {
            return FolderContent.Equal(place, staged, InstallReceipt.FileName)
                ? new Installation(Read(place), WasThere: true)
                : throw new InputException($"{plugin} is installed in {place} with other content, and a version never changes. Install another version, or remove this one first: "
                    + $"neoteny plugins remove {plugin.Id} --version {plugin.Version}");
        }

        using (var stream = File.OpenRead(file))
        {
            new InstallReceipt($"{package.Id} {package.Version}", source, Convert.ToHexStringLower(SHA512.HashData(stream))).Write(staged);
        }

        store.Commit(staged, place);
        return new Installation(Read(place), WasThere: false);
    }

    /// <summary>The plugin in a staged folder, when it is what the package says and this host can load it.</summary>
    private InstalledPlugin Check(string staged, PluginPackage package, string name)
    {
        var plugin = Read(staged);
        if (plugin.Manifest is not { } manifest)
        {
            throw ArchiveCheck.Refused(name, plugin.Reason!);
        }

        if (!PackageIdValidator.IsValidPackageId(manifest.Id))
        {
            throw ArchiveCheck.Refused(name, $"'{manifest.Id}' cannot be a plugin's id");
        }

        if (!PluginIds.Matches(manifest.Id, package.Id))
        {
            throw ArchiveCheck.Refused(name, $"the package is called {package.Id} and the plugin in it {manifest.Id}");
        }

        if (package.Version != manifest.Version)
        {
            throw ArchiveCheck.Refused(name, $"the package has version {package.Version} and the plugin in it {manifest.Version}");
        }

        return plugin.IsUsable ? plugin : throw ArchiveCheck.Refused(name, $"this host cannot load it: {plugin.Reason}");
    }

    private InstalledPlugin Read(string folder) => PluginCatalog.Discover([], setup.Shared, setup.Keys.Spellings).Add(folder);
}

using NuGet.Common;
using NuGet.Configuration;
using NuGet.Protocol;
using NuGet.Protocol.Core.Types;
using NuGet.Versioning;

namespace Neoteny.Host.Plugins.Packages;

/// <summary>A package that a source offers.</summary>
internal sealed record OfferedPackage(string Id, NuGetVersion Version, SourceRepository Source)
{
    public override string ToString() => $"{Id} {Version}";
}

/// <summary>Where packages come from: folders with <c>.nupkg</c> files, and NuGet servers (protocol version 3).</summary>
internal sealed class PackageFeeds
{
    private readonly IReadOnlyList<SourceRepository> sources;

    private PackageFeeds(IReadOnlyList<SourceRepository> sources) => this.sources = sources;

    /// <summary>The sources given, or those that NuGet.Config names for this folder.</summary>
    /// <exception cref="InputException">A source is no folder and no address, or an address that is not encrypted.</exception>
    public static PackageFeeds Of(IReadOnlyList<string> given)
    {
        var found = given.Count > 0
            ? given.Select(Source)
            : PackageSourceProvider.LoadPackageSources(Settings.LoadDefaultSettings(Directory.GetCurrentDirectory())).Where(s => s.IsEnabled);
        return new PackageFeeds([.. found.Select(s => Repository.Factory.GetCoreV3(s))]);
    }

    /// <summary>The highest version of a package that a range accepts; previews only where the range names one.</summary>
    /// <param name="id">The id; <c>Neoteny.</c> may be left out.</param>
    /// <param name="range">The versions accepted; null for any.</param>
    /// <param name="stop">Ends the search.</param>
    /// <exception cref="InputException">No source has it.</exception>
    /// <exception cref="NeotenyException">A source cannot be read.</exception>
    public async Task<OfferedPackage> FindAsync(string id, VersionRange? range, CancellationToken stop)
    {
        // An own plugin comes before a stranger's package of the same short name.
        var ids = id.Contains('.') ? [id] : new[] { PluginIds.OwnPrefix + id, id };
        foreach (var candidate in ids)
        {
            var offers = new List<OfferedPackage>();
            foreach (var source in sources)
            {
                offers.AddRange((await VersionsAsync(source, candidate, stop)).Select(v => new OfferedPackage(candidate, v, source)));
            }

            if (offers.Count > 0)
            {
                return offers.Where(o => Accepts(range, o.Version)).MaxBy(o => o.Version) ?? throw new InputException(
                    $"No version of {candidate} in {Names()} satisfies '{range?.OriginalString ?? "the highest that is no preview"}'; "
                    + $"there are {string.Join(", ", offers.Select(o => o.Version).Distinct().OrderDescending())}. Choose one with --version.");
            }
        }

        throw new InputException($"There is no package {string.Join(" or ", ids)} in {Names()}. Check the name, or give a folder or a server with --source.");
    }

    /// <summary>Copies a package to a file.</summary>
    /// <exception cref="NeotenyException">The source cannot be read.</exception>
    public static Task DownloadAsync(OfferedPackage package, string path, CancellationToken stop) => ReadAsync(package.Source, async (resource, cache) =>
    {
        using var file = File.Create(path);
        return await resource.CopyNupkgToStreamAsync(package.Id, package.Version, file, cache, NullLogger.Instance, stop)
            ? true
            : throw new NeotenyException($"{package} has vanished from {package.Source.PackageSource.Source}. Try again.");
    });

    private static Task<IEnumerable<NuGetVersion>> VersionsAsync(SourceRepository source, string id, CancellationToken stop) =>
        ReadAsync(source, (resource, cache) => resource.GetAllVersionsAsync(id, cache, NullLogger.Instance, stop));

    private static async Task<T> ReadAsync<T>(SourceRepository source, Func<FindPackageByIdResource, SourceCacheContext, Task<T>> read)
    {
        using var cache = new SourceCacheContext { NoCache = true, DirectDownload = true };
        try
        {
            var resource = await source.GetResourceAsync<FindPackageByIdResource>()
                ?? throw new NeotenyException($"The package source {source.PackageSource.Source} offers no packages. Check the address: a NuGet server's ends in /index.json.");
            return await read(resource, cache);
        }
        catch (Exception e) when (e is FatalProtocolException or HttpRequestException or IOException or InvalidOperationException)
        {
            throw new NeotenyException($"The package source {source.PackageSource.Source} cannot be read: {Innermost(e).Message.TrimEnd('.')}.", e);
        }
    }

    private static PackageSource Source(string text)
    {
        if (!Uri.TryCreate(text, UriKind.Absolute, out var address) || address.IsFile)
        {
            return Directory.Exists(text)
                ? new PackageSource(Path.GetFullPath(text))
                : throw new InputException($"--source: there is no folder {Path.GetFullPath(text)}. Give a folder with .nupkg files or the address of a NuGet server (https://.../index.json).");
        }

        return address.Scheme == Uri.UriSchemeHttps || (address.Scheme == Uri.UriSchemeHttp && address.IsLoopback)
            ? new PackageSource(text) { AllowInsecureConnections = true }
            : throw new InputException($"--source: {text} is not encrypted, so packages can be changed on their way. Use https.");
    }

    private static bool Accepts(VersionRange? range, NuGetVersion version)
    {
        var previews = range is not null && (range.MinVersion?.IsPrerelease == true || range.MaxVersion?.IsPrerelease == true || range.Float?.IncludePrerelease == true);
        return (range is null || range.Satisfies(version)) && (previews || !version.IsPrerelease);
    }

    private string Names() => string.Join(", ", sources.Select(s => s.PackageSource.Source));

    private static Exception Innermost(Exception exception) => exception.InnerException is { } inner ? Innermost(inner) : exception;
}

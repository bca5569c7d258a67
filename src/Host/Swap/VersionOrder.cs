using NuGet.Versioning;

namespace Neoteny.Host.Swap;

/// <summary>Orders version folders by the version that is their name; other names come before all versions.</summary>
internal sealed class VersionOrder : IComparer<string>
{
    /// <summary>The order.</summary>
    public static VersionOrder Instance { get; } = new();

    /// <inheritdoc/>
    public int Compare(string? x, string? y) => VersionComparer.Default.Compare(Version(x), Version(y));

    private static NuGetVersion? Version(string? path) => NuGetVersion.TryParse(Path.GetFileName(path) ?? "", out var version) ? version : null;
}

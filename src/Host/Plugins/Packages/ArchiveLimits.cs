namespace Neoteny.Host.Plugins.Packages;

/// <summary>How large a package may be, so that a small download cannot fill the disk.</summary>
/// <param name="Entries">Files and folders in it.</param>
/// <param name="Bytes">Bytes of all files, unpacked.</param>
internal sealed record ArchiveLimits(int Entries, long Bytes)
{
    /// <summary>Enough for a plugin that brings native libraries for several machines.</summary>
    public static ArchiveLimits Default { get; } = new(10_000, 2L << 30);
}

using System.Globalization;

namespace Neoteny.Training.Memory;

/// <summary>Spells numbers of bytes.</summary>
internal static class MemoryText
{
    private const double Mebi = 1 << 20;
    private const double Gibi = 1 << 30;

    /// <summary>In GiB from a tenth of one on, else in MiB.</summary>
    public static string Of(long bytes)
        => bytes >= 0.1 * Gibi ? string.Create(CultureInfo.InvariantCulture, $"{bytes / Gibi:f1} GiB") : string.Create(CultureInfo.InvariantCulture, $"{bytes / Mebi:f1} MiB");
}

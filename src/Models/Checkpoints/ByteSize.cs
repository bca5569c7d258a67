using System.Globalization;

namespace Neoteny.Models.Checkpoints;

/// <summary>Sizes as people write them: <c>5GB</c>, <c>500MB</c>, <c>2GiB</c>, or bytes.</summary>
public static class ByteSize
{
    private static readonly (string Unit, double Bytes)[] Units =
    [
        ("KIB", 1L << 10), ("MIB", 1L << 20), ("GIB", 1L << 30), ("TIB", 1L << 40), ("KB", 1e3), ("MB", 1e6), ("GB", 1e9), ("TB", 1e12), ("B", 1), ("", 1),
    ];

    /// <summary>Reads a size; null where the text is none, or less than one byte.</summary>
    public static long? Parse(string text)
    {
        var upper = text.Trim().ToUpperInvariant();
        var (unit, bytes) = Units.First(u => upper.EndsWith(u.Unit, StringComparison.Ordinal));
        return double.TryParse(upper[..^unit.Length], NumberStyles.AllowDecimalPoint | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out var number)
            && number * bytes is >= 1 and < long.MaxValue
            ? (long)(number * bytes)
            : null;
    }
}

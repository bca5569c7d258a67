using System.Globalization;

namespace Neoteny.Host.Configuration;

/// <summary>How numbers and booleans are written in configuration files: YAML 1.1 words, <c>1e-4</c>, <c>2e5</c>, <c>1_000</c>.</summary>
internal static class ScalarText
{
    private const NumberStyles Decimal = NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent;

    public static bool? ToBoolean(string text) => text.ToLowerInvariant() switch
    {
        "true" or "yes" or "on" => true,
        "false" or "no" or "off" => false,
        _ => null,
    };

    /// <summary>A finite number, or null.</summary>
    public static double? ToNumber(string text) =>
        double.TryParse(WithoutSeparators(text), Decimal, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number)
            ? number
            : null;

    /// <summary>A whole number, or null; <c>2e5</c> is one.</summary>
    public static long? ToInteger(string text)
    {
        if (long.TryParse(WithoutSeparators(text), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var integer))
            return integer;
        return ToNumber(text) is { } number && number == Math.Truncate(number) && Math.Abs(number) < 1e15 ? (long)number : null;
    }

    /// <summary>A number as error messages and <c>config show</c> write it.</summary>
    public static string Write(double number) => number.ToString("R", CultureInfo.InvariantCulture);

    private static string WithoutSeparators(string text) =>
        text.Length > 1 && text[0] != '_' && text[^1] != '_' ? text.Replace("_", "") : text;
}

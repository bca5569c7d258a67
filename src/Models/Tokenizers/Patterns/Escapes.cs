using System.Globalization;
using System.Text;

namespace Neoteny.Models.Tokenizers.Patterns;

/// <summary>Translates what a backslash begins.</summary>
internal static class Escapes
{
    // Beyond the categories Oniguruma counts letters in circles, and, but within a class, superscripts and fractions of Latin-1.
    private const string ClassMembers = @"\p{L}\p{M}\p{Nd}\p{Nl}\p{Pc}\u24B6-\u24E9";
    private const string WordMembers = ClassMembers + @"\u00B2\u00B3\u00B9\u00BC-\u00BE";

    /// <summary>Appends the escape at <paramref name="at"/> and returns the place behind it.</summary>
    public static int Translate(string pattern, int at, bool inClass, Translation to)
    {
        if (at + 1 >= pattern.Length)
            throw new FormatException("the pattern ends with a backslash");
        var (c, output) = (pattern[at + 1], to.Output);
        switch (c)
        {
            case 'p' or 'P':
                return Properties.Translate(pattern, at, inClass, to);
            case 'w':
                output.Append(inClass ? ClassMembers : $"[{WordMembers}]");
                return at + 2;
            case 'W' when !inClass:
                output.Append($"[^{WordMembers}]");
                return at + 2;
            case 'b' when !inClass:
                output.Append($"(?:(?<=[{WordMembers}])(?![{WordMembers}])|(?<![{WordMembers}])(?=[{WordMembers}]))");
                return at + 2;
            case 'B' when !inClass:
                output.Append($"(?:(?<=[{WordMembers}])(?=[{WordMembers}])|(?<![{WordMembers}])(?![{WordMembers}]))");
                return at + 2;
            case 'h':
                output.Append(inClass ? "0-9a-fA-F" : "[0-9a-fA-F]");
                return at + 2;
            case 'x' when at + 2 < pattern.Length && pattern[at + 2] == '{':
                return CodePoint(pattern, at, output);
            case 'd' or 'D' or 's' or 'S' or 'n' or 'r' or 't' or 'f' or 'v' or 'x' or 'u' or 'b' or 'A' or 'z' or 'Z' or 'G':
                output.Append('\\').Append(c);
                return at + 2;
            default:
                if (char.IsAsciiLetterOrDigit(c) || char.IsSurrogate(c))
                    throw new FormatException($"the escape \\{c} is not supported");
                output.Append('\\').Append(c);
                return at + 2;
        }
    }

    private static int CodePoint(string pattern, int at, StringBuilder output)
    {
        var end = pattern.IndexOf('}', at);
        if (end < 0 || !int.TryParse(pattern.AsSpan(at + 3, end - at - 3), NumberStyles.AllowHexSpecifier, null, out var value) || value > 0xFFFF)
            throw new FormatException("\\x{...} needs a hexadecimal number up to FFFF");
        output.Append($"\\u{value:X4}");
        return end + 1;
    }
}

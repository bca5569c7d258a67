using System.Globalization;
using System.Text;

namespace Neoteny.Models.Tokenizers.Patterns;

/// <summary>Translates what a backslash begins.</summary>
internal static class Escapes
{
    private const string WordMembers = @"\p{L}\p{M}\p{Nd}\p{Nl}\p{Pc}";

    /// <summary>Appends the escape at <paramref name="at"/> and returns the place behind it.</summary>
    public static int Translate(string pattern, int at, bool inClass, StringBuilder output)
    {
        if (at + 1 >= pattern.Length)
            throw new FormatException("the pattern ends with a backslash");
        var c = pattern[at + 1];
        switch (c)
        {
            case 'p' or 'P':
                return Category(pattern, at, output);
            case 'w':
                output.Append(inClass ? WordMembers : $"[{WordMembers}]");
                return at + 2;
            case 'W' when !inClass:
                output.Append($"[^{WordMembers}]");
                return at + 2;
            case 'h':
                output.Append(inClass ? "0-9a-fA-F" : "[0-9a-fA-F]");
                return at + 2;
            case 'x' when at + 2 < pattern.Length && pattern[at + 2] == '{':
                return CodePoint(pattern, at, output);
            case 'd' or 'D' or 's' or 'S' or 'n' or 'r' or 't' or 'f' or 'v' or 'x' or 'u' or 'b' or 'B' or 'A' or 'z' or 'Z' or 'G':
                output.Append('\\').Append(c);
                return at + 2;
            default:
                if (char.IsAsciiLetterOrDigit(c) || char.IsSurrogate(c))
                    throw new FormatException($"the escape \\{c} is not supported");
                output.Append('\\').Append(c);
                return at + 2;
        }
    }

    private static int Category(string pattern, int at, StringBuilder output)
    {
        var end = at + 2 < pattern.Length && pattern[at + 2] == '{' ? pattern.IndexOf('}', at) : at + 2;
        if (end < 0 || end >= pattern.Length)
            throw new FormatException("\\p needs a category, such as \\p{L}");
        var name = pattern[(at + 2)..(end + 1)].Trim('{', '}');
        var negated = name.StartsWith('^') ^ (pattern[at + 1] == 'P');
        name = name.TrimStart('^') switch
        {
            "Letter" => "L",
            "Mark" => "M",
            "Number" => "N",
            "Punctuation" => "P",
            "Symbol" => "S",
            "Separator" => "Z",
            var other => other,
        };
        if (name is "Alpha" or "Alphabetic")
            throw new FormatException($"the property \\p{{{name}}} is not supported; general categories such as \\p{{L}} are");
        output.Append(negated ? "\\P{" : "\\p{").Append(name).Append('}');
        return end + 1;
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

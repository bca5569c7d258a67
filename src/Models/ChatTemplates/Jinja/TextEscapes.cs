using System.Globalization;
using System.Text;

namespace Neoteny.Models.ChatTemplates.Jinja;

/// <summary>Backslash escapes of text literals, as Python reads them.</summary>
internal static class TextEscapes
{
    public static string Read(string raw, int line)
    {
        if (!raw.Contains('\\', StringComparison.Ordinal))
            return raw;
        var text = new StringBuilder(raw.Length);
        for (var i = 0; i < raw.Length; i++)
        {
            if (raw[i] != '\\' || i + 1 == raw.Length)
                text.Append(raw[i]);
            else
                i = Escape(raw, i + 1, text, line);
        }

        return text.ToString();
    }

    private static int Escape(string raw, int at, StringBuilder text, int line)
    {
        var digits = raw[at] switch { 'x' => 2, 'u' => 4, 'U' => 8, _ => 0 };
        if (digits > 0)
        {
            if (at + digits > raw.Length - 1 || !int.TryParse(raw.AsSpan(at + 1, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var code)
                || code is < 0 or > 0x10FFFF)
                throw new TemplateError($"the escape \\{raw[at]} needs {digits} hexadecimal digits.", line);
            text.Append(Rune.TryCreate(code, out var rune) ? rune.ToString() : ((char)code).ToString());
            return at + digits;
        }

        var plain = raw[at] switch
        {
            'n' => "\n",
            't' => "\t",
            'r' => "\r",
            'b' => "\b",
            'f' => "\f",
            'v' => "\v",
            'a' => "\a",
            '0' => "\0",
            '\n' => "",
            '\\' or '\'' or '"' => raw[at].ToString(),
            _ => "\\" + raw[at],
        };
        text.Append(plain);
        return at;
    }
}

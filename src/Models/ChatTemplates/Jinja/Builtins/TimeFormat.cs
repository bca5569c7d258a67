using System.Globalization;
using System.Text;

namespace Neoteny.Models.ChatTemplates.Jinja.Builtins;

/// <summary>Formats of C's strftime in the C locale.</summary>
internal static class TimeFormat
{
    public static string Write(DateTimeOffset time, string format)
    {
        var output = new StringBuilder();
        for (var i = 0; i < format.Length; i++)
        {
            if (format[i] != '%' || i + 1 == format.Length)
                output.Append(format[i]);
            else if (format[i + 1] == '-' && i + 2 < format.Length)
                output.Append(One(time, format[i += 2]).TrimStart('0') is { Length: > 0 } trimmed ? trimmed : "0");
            else
                output.Append(One(time, format[++i]));
        }

        return output.ToString();
    }

    private static string One(DateTimeOffset time, char kind)
    {
        if (kind == '%')
            return "%";
        if (kind == 'j')
            return time.DayOfYear.ToString("D3", CultureInfo.InvariantCulture);
        var pattern = kind switch
        {
            'Y' => "yyyy",
            'y' => "yy",
            'm' => "MM",
            'd' => "dd",
            'e' => "%d",
            'B' => "MMMM",
            'b' or 'h' => "MMM",
            'A' => "dddd",
            'a' => "ddd",
            'H' => "HH",
            'I' => "hh",
            'M' => "mm",
            'S' => "ss",
            'f' => "ffffff",
            'p' => "tt",
            'F' => "yyyy-MM-dd",
            'T' => "HH:mm:ss",
            'D' => "MM/dd/yy",
            'R' => "HH:mm",
            'z' => "zzz",
            _ => throw new TemplateError($"strftime_now: the format %{kind} is not supported."),
        };
        var text = time.ToString(pattern, CultureInfo.InvariantCulture);
        return kind switch { 'e' => text.PadLeft(2), 'z' => text.Replace(":", "", StringComparison.Ordinal), _ => text };
    }
}

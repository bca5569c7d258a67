using System.Globalization;
using System.Text;

namespace Neoteny.Models.ChatTemplates.Jinja;

/// <summary>The operators + - * / // % ** on numbers, texts and lists.</summary>
internal static class Arithmetic
{
    public static object? Apply(string symbol, object? left, object? right, Evaluation evaluation)
    {
        try
        {
            return (symbol, left, right) switch
            {
                ("+", string a, string b) => Joined(a, b, evaluation),
                ("+", List<object?> a, List<object?> b) when a is JinjaTuple == b is JinjaTuple => Joined(a, b, evaluation),
                ("*", string a, long n) => Repeated(a, n, evaluation),
                ("*", long n, string a) => Repeated(a, n, evaluation),
                ("*", List<object?> a, long n) => Repeated(a, n, evaluation),
                ("%", string format, _) => Format(format, right is JinjaTuple many ? many : [right], evaluation),
                _ => Numbers(symbol, left, right),
            };
        }
        catch (OverflowException)
        {
            throw new TemplateError($"the result of '{symbol}' is too large.");
        }
    }

    public static object Negate(object? value) => value switch
    {
        long number when number != long.MinValue => (object)-number,
        double number => -number,
        bool flag => flag ? -1L : 0L,
        _ => throw new TemplateError($"'-' does not apply to {Describe(value)}."),
    };

    /// <summary>Python's printf-like formatting with %s, %r, %d, %i, %f and %%.</summary>
    public static string Format(string format, IReadOnlyList<object?> values, Evaluation evaluation)
    {
        var output = new StringBuilder();
        var next = 0;
        for (var i = 0; i < format.Length; i++)
        {
            if (format[i] != '%' || i + 1 == format.Length)
            {
                output.Append(format[i]);
                continue;
            }

            var kind = format[++i];
            output.Append(kind == '%' ? "%" : One(kind, next < values.Count ? values[next++] : throw new TemplateError("a format has more places than values."), evaluation));
        }

        return evaluation.Charged(output.ToString());
    }

    private static string One(char kind, object? value, Evaluation evaluation) => (kind, value) switch
    {
        ('s', _) => evaluation.Charged(Writer.Text(value, evaluation)),
        ('r', _) => Writer.Representation(value, evaluation),
        ('d' or 'i', long number) => number.ToString(CultureInfo.InvariantCulture),
        ('f', _) when Values.AsNumber(value) is { } number => number.ToString("F6", CultureInfo.InvariantCulture),
        _ => throw new TemplateError($"the format %{kind} does not apply to {Values.TypeName(value)}."),
    };

    private static string Joined(string left, string right, Evaluation evaluation)
    {
        evaluation.Charge((long)left.Length + right.Length);
        return left + right;
    }

    private static List<object?> Joined(List<object?> left, List<object?> right, Evaluation evaluation)
    {
        evaluation.Charge((long)left.Count + right.Count);
        return left is JinjaTuple ? new JinjaTuple(left.Concat(right)) : [.. left, .. right];
    }

    private static string Repeated(string text, long times, Evaluation evaluation)
    {
        times = Math.Clamp(times, 0, int.MaxValue);
        evaluation.Charge(text.Length * times);
        return new StringBuilder().Insert(0, text, text.Length == 0 ? 0 : (int)times).ToString();
    }

    private static List<object?> Repeated(List<object?> list, long times, Evaluation evaluation)
    {
        times = list.Count == 0 ? 0 : Math.Clamp(times, 0, int.MaxValue);
        evaluation.Charge(list.Count * times);
        return [.. Enumerable.Range(0, (int)times).SelectMany(_ => list)];
    }

    private static object Numbers(string symbol, object? left, object? right)
    {
        if (Values.AsNumber(left) is not { } x || Values.AsNumber(right) is not { } y)
            throw new TemplateError($"'{symbol}' does not apply to {Describe(left)} and {Describe(right)}.");
        if (symbol is "/" or "//" or "%" && y == 0)
            throw new TemplateError("division by zero.");
        return symbol != "/" && left is not double && right is not double && !(symbol == "**" && y < 0)
            ? Whole(symbol, Convert.ToInt64(left, CultureInfo.InvariantCulture), Convert.ToInt64(right, CultureInfo.InvariantCulture))
            : Floating(symbol, x, y);
    }

    private static object Whole(string symbol, long x, long y) => checked(symbol switch
    {
        "+" => x + y,
        "-" => x - y,
        "*" => x * y,
        "//" => x / y - (x % y != 0 && x % y < 0 != y < 0 ? 1 : 0),
        "%" => y == -1 ? 0 : (x % y + y) % y,
        _ => Power(x, y),
    });

    private static object Floating(string symbol, double x, double y) => symbol switch
    {
        "+" => x + y,
        "-" => x - y,
        "*" => x * y,
        "/" => x / y,
        "//" => Math.Floor(x / y),
        "%" => x - y * Math.Floor(x / y),
        _ => Math.Pow(x, y),
    };

    private static long Power(long x, long y)
    {
        if (x is 0 or 1 or -1)
            return y == 0 ? 1 : x == -1 && y % 2 == 0 ? 1 : x;
        var power = 1L;
        for (var i = 0L; i < y; i++)
            power = checked(power * x);
        return power;
    }

    private static string Describe(object? value) => value is Undefined missing ? $"an undefined value ({missing.Reason})" : Values.TypeName(value);
}

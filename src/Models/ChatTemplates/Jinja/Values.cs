using System.Globalization;

namespace Neoteny.Models.ChatTemplates.Jinja;

/// <summary>What values mean, as in Python: null is None, numbers are long or double, texts are strings of code points.</summary>
internal static class Values
{
    public static string TypeName(object? value) => value switch
    {
        null => "none",
        Undefined => "an undefined value",
        bool => "a boolean",
        long => "a whole number",
        double => "a float",
        string => "a text",
        JinjaTuple => "a tuple",
        List<object?> => "a list",
        JinjaDictionary => "a mapping",
        JinjaNamespace => "a namespace",
        Callable callable => $"the function {callable.Name}",
        _ => "an object",
    };

    public static bool IsTrue(object? value) => value switch
    {
        null or Undefined or false or 0L or 0.0 or "" => false,
        List<object?> list => list.Count > 0,
        JinjaDictionary map => map.Count > 0,
        _ => true,
    };

    public static long? Length(object? value) => value switch
    {
        string text => PythonText.Length(text),
        List<object?> list => list.Count,
        JinjaDictionary map => map.Count,
        Undefined => 0,
        _ => null,
    };

    /// <summary>The items that a loop over the value sees.</summary>
    public static IReadOnlyList<object?> Items(object? value, Evaluation evaluation)
    {
        switch (value)
        {
            case List<object?> list:
                return list;
            case Undefined:
                return [];
            case JinjaDictionary map:
                evaluation.Charge(map.Count);
                return [.. map.Keys];
            case string text:
                evaluation.Charge(2 * text.Length);
                return [.. PythonText.Characters(text)];
            default:
                throw new TemplateError($"{TypeName(value)} cannot be looped over.");
        }
    }

    public static bool AreEqual(object? left, object? right, Evaluation evaluation)
    {
        evaluation.Step();
        return (left, right) switch
        {
            (string a, string b) => a == b,
            (List<object?> a, List<object?> b) => a is JinjaTuple == b is JinjaTuple && a.Count == b.Count
                && a.Zip(b).All(pair => AreEqual(pair.First, pair.Second, evaluation)),
            (JinjaDictionary a, JinjaDictionary b) => a.Count == b.Count
                && a.Pairs.All(pair => b.TryGet(pair.Key, out var other) && AreEqual(pair.Value, other, evaluation)),
            (Undefined, Undefined) => true,
            _ => AsNumber(left) is { } x && AsNumber(right) is { } y ? x == y : Equals(left, right),
        };
    }

    /// <summary>Order of numbers, of texts and of lists.</summary>
    public static int Compare(object? left, object? right, Evaluation evaluation)
    {
        evaluation.Step();
        if (AsNumber(left) is { } x && AsNumber(right) is { } y)
            return left is long a && right is long b ? a.CompareTo(b) : x.CompareTo(y);
        switch (left, right)
        {
            case (string a, string b):
                return PythonText.Compare(a, b);
            case (List<object?> a, List<object?> b):
                foreach (var (first, second) in a.Zip(b))
                {
                    if (!AreEqual(first, second, evaluation))
                        return Compare(first, second, evaluation);
                }

                return a.Count.CompareTo(b.Count);
            default:
                throw new TemplateError($"{TypeName(left)} and {TypeName(right)} have no order.");
        }
    }

    public static bool Contains(object? container, object? item, Evaluation evaluation) => container switch
    {
        string text => item is string part
            ? text.Contains(part, StringComparison.Ordinal)
            : throw new TemplateError($"only a text can be in a text, not {TypeName(item)}."),
        List<object?> list => list.Any(candidate => AreEqual(candidate, item, evaluation)),
        JinjaDictionary map => map.Contains(item),
        Undefined => false,
        _ => throw new TemplateError($"{TypeName(container)} contains nothing."),
    };

    public static double? AsNumber(object? value) => value switch
    {
        long number => number,
        double number => number,
        bool flag => flag ? 1 : 0,
        _ => null,
    };

    public static string Float(double value)
    {
        if (double.IsNaN(value) || double.IsInfinity(value))
            return double.IsNaN(value) ? "nan" : value > 0 ? "inf" : "-inf";
        var text = value.ToString("R", CultureInfo.InvariantCulture);
        // Python changes to exponents from 1e16 on, .NET later.
        if (Math.Abs(value) >= 1e16 && !text.Contains('E', StringComparison.Ordinal))
        {
            var digits = text.TrimStart('-');
            var mantissa = digits.TrimEnd('0');
            text = string.Create(CultureInfo.InvariantCulture,
                $"{(value < 0 ? "-" : "")}{mantissa[0]}{(mantissa.Length > 1 ? "." : "")}{mantissa[1..]}E+{digits.Length - 1:D2}");
        }

        return text.Contains('E', StringComparison.Ordinal) ? text.ToLowerInvariant()
            : text.Contains('.', StringComparison.Ordinal) ? text : text + ".0";
    }
}

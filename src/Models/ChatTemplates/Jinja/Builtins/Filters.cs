using System.Globalization;
using System.Text;

namespace Neoteny.Models.ChatTemplates.Jinja.Builtins;

/// <summary>The filters behind <c>|</c>; the value is the first argument.</summary>
internal static class Filters
{
    private static readonly Dictionary<string, Func<Arguments, Evaluation, object?>> Known = new()
    {
        ["abs"] = (a, _) => a.Positional[0] switch
        {
            long number when number != long.MinValue => (object)Math.Abs(number),
            double number => Math.Abs(number),
            var other => throw new TemplateError($"abs does not apply to {Values.TypeName(other)}."),
        },
        ["capitalize"] = (a, e) => e.Charged(PythonText.Capitalize(Text(a, e))),
        ["count"] = (a, _) => Length(a.Positional[0]),
        ["default"] = (a, _) => a.Positional[0] is Undefined || (Values.IsTrue(a.Get(2, "boolean", false)) && !Values.IsTrue(a.Positional[0]))
            ? a.Get(1, "default_value", "") : a.Positional[0],
        ["escape"] = (a, e) => e.Charged(Text(a, e).Replace("&", "&amp;", StringComparison.Ordinal).Replace("<", "&lt;", StringComparison.Ordinal)
            .Replace(">", "&gt;", StringComparison.Ordinal).Replace("'", "&#39;", StringComparison.Ordinal).Replace("\"", "&#34;", StringComparison.Ordinal)),
        ["float"] = (a, _) => ToFloat(a),
        ["format"] = (a, e) => Arithmetic.Format(Text(a, e), [.. a.Positional.Skip(1)], e),
        ["indent"] = (a, e) => TextFilters.Indent(a, e),
        ["int"] = (a, _) => ToInteger(a),
        ["join"] = (a, e) => ListFilters.Join(a, e),
        ["length"] = (a, _) => Length(a.Positional[0]),
        ["list"] = (a, e) => ListFilters.Copy(a, e),
        ["lower"] = (a, e) => e.Charged(Text(a, e).ToLowerInvariant()),
        ["replace"] = (a, e) => TextMethods.Replace(Text(a, e), a.NeedText(1, "old", "replace"), a.NeedText(2, "new", "replace"), a.Integer(3, "count", -1), e),
        ["round"] = (a, _) => Round(a),
        ["safe"] = (a, _) => a.Positional[0],
        ["string"] = (a, e) => e.Charged(Text(a, e)),
        ["title"] = (a, e) => e.Charged(PythonText.Title(Text(a, e), static rune => Rune.IsWhiteSpace(rune) || rune.Value is '-' or '(' or '{' or '[' or '<')),
        ["tojson"] = (a, e) => TextFilters.ToJson(a, e),
        ["trim"] = (a, e) => e.Charged(PythonText.Strip(Text(a, e), a.Get(1, "chars", null) as string)),
        ["upper"] = (a, e) => e.Charged(Text(a, e).ToUpperInvariant()),
        ["wordcount"] = (a, e) => (long)PythonText.SplitBlanks(Text(a, e), -1).Count,
    };

    private static readonly Dictionary<string, string> Aliases = new() { ["d"] = "default", ["e"] = "escape" };

    public static string Names => string.Join(", ", Known.Keys.Concat(ListFilters.Names).Order(StringComparer.Ordinal));

    public static Func<Arguments, Evaluation, object?>? Find(string name) =>
        Known.GetValueOrDefault(Aliases.GetValueOrDefault(name, name)) ?? ListFilters.Find(name);

    public static string Join(IEnumerable<object?> items, string separator, Evaluation evaluation)
    {
        var texts = items.Select(item => Writer.Text(item, evaluation)).ToList();
        evaluation.Charge(texts.Sum(text => (long)text.Length + separator.Length));
        return string.Join(separator, texts);
    }

    private static string Text(Arguments arguments, Evaluation evaluation) => Writer.Text(arguments.Positional[0], evaluation);

    private static object Length(object? value) =>
        Values.Length(value) ?? throw new TemplateError($"{Values.TypeName(value)} has no length.");

    private static object? ToInteger(Arguments arguments) => arguments.Positional[0] switch
    {
        long or bool => Convert.ToInt64(arguments.Positional[0], CultureInfo.InvariantCulture),
        double number when Math.Abs(number) < 9e18 => (long)Math.Truncate(number),
        string text when long.TryParse(text.Trim(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) => value,
        string text when double.TryParse(text.Trim(), CultureInfo.InvariantCulture, out var value) && Math.Abs(value) < 9e18 => (long)Math.Truncate(value),
        _ => arguments.Get(1, "default", 0L),
    };

    private static object? ToFloat(Arguments arguments) => arguments.Positional[0] switch
    {
        string text when double.TryParse(text.Trim(), CultureInfo.InvariantCulture, out var value) => value,
        var other => Values.AsNumber(other) ?? arguments.Get(1, "default", 0.0),
    };

    private static object Round(Arguments arguments)
    {
        var number = Values.AsNumber(arguments.Positional[0])
            ?? throw new TemplateError($"round does not apply to {Values.TypeName(arguments.Positional[0])}.");
        var digits = (int)Math.Clamp(arguments.Integer(1, "precision", 0), 0, 15);
        var scale = Math.Pow(10, digits);
        return arguments.Get(2, "method", "common") switch
        {
            "common" => Math.Round(number, digits, MidpointRounding.ToEven),
            "ceil" => Math.Ceiling(number * scale) / scale,
            "floor" => Math.Floor(number * scale) / scale,
            var other => throw new TemplateError($"round: the method is common, ceil or floor, not '{other}'."),
        };
    }
}

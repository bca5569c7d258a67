namespace Neoteny.Models.ChatTemplates.Jinja.Builtins;

/// <summary>The tests behind <c>is</c>.</summary>
internal static class Tests
{
    private static readonly Dictionary<string, Func<Arguments, Evaluation, bool>> Known = new()
    {
        ["defined"] = (a, _) => a.Positional[0] is not Undefined,
        ["undefined"] = (a, _) => a.Positional[0] is Undefined,
        ["none"] = (a, _) => a.Positional[0] is null,
        ["string"] = (a, _) => a.Positional[0] is string,
        ["mapping"] = (a, _) => a.Positional[0] is JinjaDictionary,
        ["sequence"] = (a, _) => a.Positional[0] is string or List<object?> or JinjaDictionary,
        ["iterable"] = (a, _) => a.Positional[0] is string or List<object?> or JinjaDictionary or Undefined,
        ["number"] = (a, _) => a.Positional[0] is long or double or bool,
        ["integer"] = (a, _) => a.Positional[0] is long,
        ["float"] = (a, _) => a.Positional[0] is double,
        ["boolean"] = (a, _) => a.Positional[0] is bool,
        ["true"] = (a, _) => a.Positional[0] is true,
        ["false"] = (a, _) => a.Positional[0] is false,
        ["callable"] = (a, _) => a.Positional[0] is Callable,
        ["odd"] = (a, _) => Remainder(a.Positional[0], 2) == 1,
        ["even"] = (a, _) => Remainder(a.Positional[0], 2) == 0,
        ["divisibleby"] = (a, _) => Remainder(a.Positional[0], a.Integer(1, "num", 1)) == 0,
        ["lower"] = (a, e) => (bool)TextMethods.Find(Writer.Text(a.Positional[0], e), "islower")!.Call(Arguments.Of(), e)!,
        ["upper"] = (a, e) => (bool)TextMethods.Find(Writer.Text(a.Positional[0], e), "isupper")!.Call(Arguments.Of(), e)!,
        ["eq"] = (a, e) => Values.AreEqual(a.Positional[0], Other(a), e),
        ["ne"] = (a, e) => !Values.AreEqual(a.Positional[0], Other(a), e),
        ["lt"] = (a, e) => Values.Compare(a.Positional[0], Other(a), e) < 0,
        ["le"] = (a, e) => Values.Compare(a.Positional[0], Other(a), e) <= 0,
        ["gt"] = (a, e) => Values.Compare(a.Positional[0], Other(a), e) > 0,
        ["ge"] = (a, e) => Values.Compare(a.Positional[0], Other(a), e) >= 0,
        ["in"] = (a, e) => Values.Contains(Other(a), a.Positional[0], e),
        ["sameas"] = (a, e) => Equals(a.Positional[0], Other(a)),
        ["filter"] = (a, e) => Filters.Find(Writer.Text(a.Positional[0], e)) is not null,
        ["test"] = (a, e) => Find(Writer.Text(a.Positional[0], e)) is not null,
    };

    private static readonly Dictionary<string, string> Aliases = new()
    {
        ["equalto"] = "eq",
        ["=="] = "eq",
        ["!="] = "ne",
        ["lessthan"] = "lt",
        ["<"] = "lt",
        ["<="] = "le",
        ["greaterthan"] = "gt",
        [">"] = "gt",
        [">="] = "ge",
    };

    public static string Names => string.Join(", ", Known.Keys.Order(StringComparer.Ordinal));

    public static Func<Arguments, Evaluation, bool>? Find(string name) => Known.GetValueOrDefault(Aliases.GetValueOrDefault(name, name));

    private static object? Other(Arguments arguments) => arguments.Need(1, "other", "the test");

    private static long Remainder(object? value, long by) => value is long number
        ? by != 0 ? Math.Abs(number % by) : throw new TemplateError("division by zero.")
        : throw new TemplateError($"{Values.TypeName(value)} is not a whole number.");
}

using System.Text;

namespace Neoteny.Models.ChatTemplates.Jinja.Builtins;

/// <summary>The methods of texts.</summary>
internal static class TextMethods
{
    private static readonly Dictionary<string, Func<string, Arguments, Evaluation, object?>> Methods = new()
    {
        ["strip"] = (text, a, _) => PythonText.Strip(text, Characters(a)),
        ["lstrip"] = (text, a, _) => PythonText.Strip(text, Characters(a), right: false),
        ["rstrip"] = (text, a, _) => PythonText.Strip(text, Characters(a), left: false),
        ["split"] = (text, a, e) => Parts(text, a, e, PythonText.Split),
        ["rsplit"] = (text, a, e) => Parts(text, a, e, PythonText.SplitFromRight),
        ["splitlines"] = (text, a, e) => Charged(PythonText.Lines(text, Values.IsTrue(a.Get(0, "keepends", false))), e),
        ["join"] = (text, a, e) => Filters.Join(Values.Items(a.Need(0, "iterable", "join"), e), text, e),
        ["upper"] = (text, _, _) => text.ToUpperInvariant(),
        ["lower"] = (text, _, _) => text.ToLowerInvariant(),
        ["title"] = (text, _, _) => PythonText.Title(text, static rune => !Rune.IsLetter(rune)),
        ["capitalize"] = (text, _, _) => PythonText.Capitalize(text),
        ["startswith"] = (text, a, _) => Affixes(a, "startswith").Any(affix => text.StartsWith(affix, StringComparison.Ordinal)),
        ["endswith"] = (text, a, _) => Affixes(a, "endswith").Any(affix => text.EndsWith(affix, StringComparison.Ordinal)),
        ["removeprefix"] = (text, a, _) => a.NeedText(0, "prefix", "removeprefix") is var prefix && text.StartsWith(prefix, StringComparison.Ordinal) ? text[prefix.Length..] : text,
        ["removesuffix"] = (text, a, _) => a.NeedText(0, "suffix", "removesuffix") is var suffix && text.EndsWith(suffix, StringComparison.Ordinal) ? text[..^suffix.Length] : text,
        ["replace"] = (text, a, e) => Replace(text, a.NeedText(0, "old", "replace"), a.NeedText(1, "new", "replace"), a.Integer(2, "count", -1), e),
        ["find"] = (text, a, _) => Place(text, text.IndexOf(a.NeedText(0, "sub", "find"), StringComparison.Ordinal)),
        ["rfind"] = (text, a, _) => Place(text, text.LastIndexOf(a.NeedText(0, "sub", "rfind"), StringComparison.Ordinal)),
        ["index"] = (text, a, _) => text.IndexOf(a.NeedText(0, "sub", "index"), StringComparison.Ordinal) is >= 0 and var at
            ? Place(text, at) : throw new TemplateError("index: the text does not contain what was looked for."),
        ["count"] = (text, a, _) => a.NeedText(0, "sub", "count") is { Length: > 0 } part ? (long)text.AsSpan().Count(part) : PythonText.Length(text) + 1L,
        ["isdigit"] = (text, _, _) => text.Length > 0 && text.All(char.IsDigit),
        ["isalpha"] = (text, _, _) => text.Length > 0 && text.All(char.IsLetter),
        ["isalnum"] = (text, _, _) => text.Length > 0 && text.All(char.IsLetterOrDigit),
        ["isspace"] = (text, _, _) => text.Length > 0 && text.All(PythonText.IsSpace),
        ["isupper"] = (text, _, _) => text.Any(char.IsUpper) && !text.Any(char.IsLower),
        ["islower"] = (text, _, _) => text.Any(char.IsLower) && !text.Any(char.IsUpper),
    };

    public static Callable? Find(string text, string name) => Methods.TryGetValue(name, out var method)
        ? new Callable(name, (arguments, evaluation) => Run(method, text, arguments, evaluation))
        : null;

    /// <summary>Python's <c>str.replace</c>; a negative count means all.</summary>
    public static string Replace(string text, string old, string with, long most, Evaluation evaluation)
    {
        if (old.Length == 0)
            throw new TemplateError("replace: the text to look for is empty.");
        var parts = PythonText.Split(text, old, most);
        evaluation.Charge(text.Length + (parts.Count - 1L) * with.Length);
        return string.Join(with, parts);
    }

    private static object? Run(Func<string, Arguments, Evaluation, object?> method, string text, Arguments arguments, Evaluation evaluation)
    {
        evaluation.Charge(text.Length);
        return method(text, arguments, evaluation);
    }

    private static string? Characters(Arguments arguments) => arguments.Get(0, "chars", null) switch
    {
        null => null,
        string characters => characters,
        var other => throw new TemplateError($"strip takes a text, not {Values.TypeName(other)}."),
    };

    private static List<object?> Parts(
        string text, Arguments arguments, Evaluation evaluation, Func<string, string, long, List<object?>> split)
    {
        var most = arguments.Integer(1, "maxsplit", -1);
        var parts = arguments.Get(0, "sep", null) switch
        {
            null => PythonText.SplitBlanks(text, most),
            string separator => split(text, separator, most),
            var other => throw new TemplateError($"split takes a text, not {Values.TypeName(other)}."),
        };
        return Charged(parts, evaluation);
    }

    private static List<object?> Charged(List<object?> items, Evaluation evaluation)
    {
        evaluation.Charge(items.Count);
        return items;
    }

    private static IEnumerable<string> Affixes(Arguments arguments, string callee) => arguments.Need(0, "prefix", callee) switch
    {
        string one => [one],
        JinjaTuple several => several.OfType<string>(),
        var other => throw new TemplateError($"{callee} takes a text or a tuple of texts, not {Values.TypeName(other)}."),
    };

    private static long Place(string text, int at) => at <= 0 ? at : PythonText.Length(text[..at]);
}

using System.Globalization;

namespace Neoteny.Models.ChatTemplates.Jinja.Builtins;

/// <summary>The functions that every chat template can call.</summary>
internal static class Globals
{
    private const long LongestRange = 100_000;

    public static IEnumerable<Callable> All(TimeProvider clock) =>
    [
        new("range", Range),
        new("dict", static (a, e) => Dictionary(a, e)),
        new("namespace", static (a, e) => Namespace(a, e)),
        new("raise_exception", static (a, e) => throw new TemplateError(Refusal + Writer.Text(a.Need(0, "message", "raise_exception"), e))),
        new("strftime_now", (a, _) => TimeFormat.Write(clock.GetLocalNow(), a.NeedText(0, "format", "strftime_now"))),
    ];

    /// <summary>Stands before the message of a template that refuses its conversation.</summary>
    public const string Refusal = "the template refuses this conversation: ";

    private static object Range(Arguments arguments, Evaluation evaluation)
    {
        var first = arguments.Integer(0, "start", 0);
        var (start, stop) = arguments.Positional.Count > 1 ? (first, arguments.Integer(1, "stop", 0)) : (0, first);
        var step = arguments.Integer(2, "step", 1);
        if (step == 0)
            throw new TemplateError("range: the step cannot be zero.");
        var count = Math.Max(0, Math.Ceiling(((double)stop - start) / step));
        if (count > LongestRange)
            throw new TemplateError(string.Create(CultureInfo.InvariantCulture, $"range: {count:F0} numbers are more than {LongestRange}."));
        evaluation.Charge((long)count);
        return Enumerable.Range(0, (int)count).Select(i => (object?)(start + i * step)).ToList();
    }

    private static JinjaDictionary Dictionary(Arguments arguments, Evaluation evaluation)
    {
        var map = arguments.Positional.Count == 0 ? new JinjaDictionary() : arguments.Positional[0] is JinjaDictionary given
            ? DictionaryMethods.Copy(given, evaluation)
            : throw new TemplateError($"dict takes a mapping, not {Values.TypeName(arguments.Positional[0])}.");
        foreach (var (name, value) in arguments.Named)
            map[name] = value;
        return map;
    }

    private static JinjaNamespace Namespace(Arguments arguments, Evaluation evaluation)
    {
        var space = new JinjaNamespace();
        foreach (var (key, value) in Dictionary(arguments, evaluation).Pairs)
            space.Members[key as string ?? throw new TemplateError("namespace: names must be texts.")] = value;
        return space;
    }
}

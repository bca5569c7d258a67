namespace Neoteny.Models.ChatTemplates.Jinja.Builtins;

/// <summary>Filters that write text in a form of their own.</summary>
internal static class TextFilters
{
    public static string Indent(Arguments arguments, Evaluation evaluation)
    {
        var text = Writer.Text(arguments.Positional[0], evaluation);
        var blank = arguments.Get(1, "width", 4L) as string ?? Blanks(arguments.Integer(1, "width", 4), evaluation);
        var first = Values.IsTrue(arguments.Get(2, "first", false));
        var blanks = Values.IsTrue(arguments.Get(3, "blank", false));
        var lines = text.Split('\n');
        evaluation.Charge(text.Length + (long)lines.Length * blank.Length);
        return string.Join('\n', lines.Select((line, i) => (i == 0 ? first : blanks || line.Length > 0) ? blank + line : line));
    }

    public static string ToJson(Arguments arguments, Evaluation evaluation)
    {
        var separators = arguments.Get(3, "separators", null) as List<object?>;
        var indent = arguments.Get(2, "indent", null) switch
        {
            null => null,
            string blank => blank,
            _ => Blanks(arguments.Integer(2, "indent", 0), evaluation),
        };
        var writer = new JsonWriter(
            evaluation,
            indent,
            separators is { Count: 2 } ? Writer.Text(separators[0], evaluation) : indent is null ? ", " : ",",
            separators is { Count: 2 } ? Writer.Text(separators[1], evaluation) : ": ",
            Values.IsTrue(arguments.Get(1, "ensure_ascii", false)),
            Values.IsTrue(arguments.Get(4, "sort_keys", false)));
        return writer.Write(arguments.Positional[0]);
    }

    private static string Blanks(long count, Evaluation evaluation)
    {
        count = Math.Clamp(count, 0, int.MaxValue);
        evaluation.Charge(count);
        return new string(' ', (int)count);
    }
}

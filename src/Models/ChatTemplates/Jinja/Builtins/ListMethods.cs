namespace Neoteny.Models.ChatTemplates.Jinja.Builtins;

/// <summary>The methods of lists that change nothing: templates run in an immutable sandbox.</summary>
internal static class ListMethods
{
    public static Callable? Find(List<object?> list, string name) => name switch
    {
        "index" => new Callable(name, (a, e) => Place(list, a.Need(0, "value", name), e) is >= 0 and var at
            ? (long)at : throw new TemplateError("index: the list does not contain what was looked for.")),
        "count" => new Callable(name, (a, e) => (long)list.Count(item => Values.AreEqual(item, a.Need(0, "value", name), e))),
        "append" or "extend" or "insert" or "pop" or "remove" or "clear" or "reverse" or "sort" => new Callable(name, (_, _) =>
            throw new TemplateError($"lists cannot be changed with {name}(). Make a new list, as in list + [item].")),
        _ => null,
    };

    private static int Place(List<object?> list, object? value, Evaluation evaluation) =>
        list.FindIndex(item => Values.AreEqual(item, value, evaluation));
}

namespace Neoteny.Models.ChatTemplates.Jinja.Builtins;

/// <summary>Filters over lists.</summary>
internal static class ListFilters
{
    private static readonly Dictionary<string, Func<Arguments, Evaluation, object?>> Known = new()
    {
        ["batch"] = (a, e) => Items(a, e).Chunk((int)Math.Clamp(a.Integer(1, "linecount", 1), 1, int.MaxValue)).Select(List).ToList<object?>(),
        ["dictsort"] = (a, e) => Sorted(Pairs(a, e), item => ((JinjaTuple)item!)[0], false, false, e),
        ["first"] = (a, e) => Items(a, e) is { Count: > 0 } items ? items[0] : new Undefined("the list is empty"),
        ["items"] = (a, e) => a.Positional[0] is Undefined ? List([]) : Pairs(a, e),
        ["last"] = (a, e) => Items(a, e) is { Count: > 0 } items ? items[^1] : new Undefined("the list is empty"),
        ["map"] = (a, e) => Charged(Items(a, e).Select(Mapping(a, e)), e),
        ["max"] = (a, e) => Extreme(a, e, 1),
        ["min"] = (a, e) => Extreme(a, e, -1),
        ["reject"] = (a, e) => Charged(Items(a, e).Where(item => !Test(a, 1, item, e)), e),
        ["rejectattr"] = (a, e) => Charged(Items(a, e).Where(item => !Test(a, 2, Path(item, a.Need(1, "attribute", "rejectattr")), e)), e),
        ["reverse"] = (a, e) => a.Positional[0] is string text ? e.Charged(string.Concat(PythonText.Characters(text).Reverse())) : Charged(Items(a, e).Reverse(), e),
        ["select"] = (a, e) => Charged(Items(a, e).Where(item => Test(a, 1, item, e)), e),
        ["selectattr"] = (a, e) => Charged(Items(a, e).Where(item => Test(a, 2, Path(item, a.Need(1, "attribute", "selectattr")), e)), e),
        ["sort"] = (a, e) => Sorted(Items(a, e), Key(a, 3, "attribute"), Values.IsTrue(a.Get(1, "reverse", false)), Values.IsTrue(a.Get(2, "case_sensitive", false)), e),
        ["sum"] = (a, e) => Items(a, e).Select(Key(a, 1, "attribute")).Aggregate(a.Get(2, "start", 0L), (sum, item) => Arithmetic.Apply("+", sum, item, e)),
        ["unique"] = (a, e) => Unique(Items(a, e), e),
    };

    public static IEnumerable<string> Names => Known.Keys;

    public static Func<Arguments, Evaluation, object?>? Find(string name) => Known.GetValueOrDefault(name);

    public static string Join(Arguments arguments, Evaluation evaluation) => Filters.Join(
        Items(arguments, evaluation).Select(Key(arguments, 2, "attribute")), Writer.Text(arguments.Get(1, "d", ""), evaluation), evaluation);

    public static List<object?> Copy(Arguments arguments, Evaluation evaluation) => Charged(Items(arguments, evaluation), evaluation);

    private static IReadOnlyList<object?> Items(Arguments arguments, Evaluation evaluation) => Values.Items(arguments.Positional[0], evaluation);

    private static List<object?> List(IEnumerable<object?> items) => [.. items];

    private static List<object?> Charged(IEnumerable<object?> items, Evaluation evaluation)
    {
        var list = items.ToList();
        evaluation.Charge(list.Count);
        return list;
    }

    private static List<object?> Pairs(Arguments arguments, Evaluation evaluation) => arguments.Positional[0] is JinjaDictionary map
        ? DictionaryMethods.Items(map, evaluation)
        : throw new TemplateError($"{Values.TypeName(arguments.Positional[0])} is not a mapping.");

    /// <summary>A member by a dotted path.</summary>
    private static object? Path(object? item, object? path)
    {
        if (path is not string names)
            return Members.Item(item, path);
        foreach (var name in names.Split('.'))
            item = long.TryParse(name, out var index) ? Members.Item(item, index) : Members.Item(item, name);
        return item;
    }

    private static Func<object?, object?> Key(Arguments arguments, int place, string name) =>
        arguments.Get(place, name, null) is { } path ? item => Path(item, path) : static item => item;

    private static Func<object?, object?> Mapping(Arguments arguments, Evaluation evaluation)
    {
        if (arguments.Named.TryGetValue("attribute", out var path))
        {
            return item => Path(item, path) is var found && found is Undefined && arguments.Named.TryGetValue("default", out var otherwise) ? otherwise : found;
        }

        var name = arguments.NeedText(1, "filter", "map");
        var filter = Filters.Find(name) ?? throw new TemplateError($"there is no filter '{name}'. Known are {Filters.Names}.");
        return item => filter(new Arguments([item, .. arguments.Positional.Skip(2)], arguments.Named), evaluation);
    }

    private static bool Test(Arguments arguments, int place, object? item, Evaluation evaluation)
    {
        evaluation.Step();
        if (arguments.Positional.Count <= place)
            return Values.IsTrue(item);
        var name = arguments.NeedText(place, "test", "select");
        var test = Tests.Find(name) ?? throw new TemplateError($"there is no test '{name}'. Known are {Tests.Names}.");
        return test(new Arguments([item, .. arguments.Positional.Skip(place + 1)], arguments.Named), evaluation);
    }

    private static List<object?> Sorted(
        IReadOnlyList<object?> items, Func<object?, object?> key, bool reverse, bool caseSensitive, Evaluation evaluation)
    {
        object? Folded(object? item) => key(item) is string text && !caseSensitive ? text.ToLowerInvariant() : key(item);
        var order = Comparer<object?>.Create((a, b) => Values.Compare(a, b, evaluation));
        try
        {
            return Charged(reverse ? items.OrderByDescending(Folded, order) : items.OrderBy(Folded, order), evaluation);
        }
        catch (InvalidOperationException error) when (error.InnerException is TemplateError inner)
        {
            throw inner;
        }
    }

    private static object? Extreme(Arguments arguments, Evaluation evaluation, int sign)
    {
        var items = Items(arguments, evaluation);
        return items.Count == 0
            ? new Undefined("the list is empty")
            : items.Aggregate((best, item) => sign * Values.Compare(item, best, evaluation) > 0 ? item : best);
    }

    private static List<object?> Unique(IReadOnlyList<object?> items, Evaluation evaluation)
    {
        var kept = new List<object?>();
        foreach (var item in items)
        {
            if (!kept.Any(other => Values.AreEqual(other, item, evaluation)))
                kept.Add(item);
        }

        return kept;
    }
}

namespace Neoteny.Models.ChatTemplates.Jinja.Builtins;

/// <summary>The methods of mappings that change nothing.</summary>
internal static class DictionaryMethods
{
    public static Callable? Find(JinjaDictionary map, string name) => name switch
    {
        "get" => new Callable(name, (a, _) => map.TryGet(a.Need(0, "key", name), out var value) ? value : a.Get(1, "default", null)),
        "items" => new Callable(name, (_, e) => Items(map, e)),
        "keys" => new Callable(name, (_, e) => Listed(map.Keys, map, e)),
        "values" => new Callable(name, (_, e) => Listed(map.Values, map, e)),
        "copy" => new Callable(name, (_, e) => Copy(map, e)),
        _ => null,
    };

    public static List<object?> Items(JinjaDictionary map, Evaluation evaluation) =>
        Listed(map.Pairs.Select(pair => new JinjaTuple([pair.Key, pair.Value])), map, evaluation);

    public static JinjaDictionary Copy(JinjaDictionary map, Evaluation evaluation)
    {
        evaluation.Charge(map.Count);
        var copy = new JinjaDictionary();
        foreach (var (key, value) in map.Pairs)
            copy[key] = value;
        return copy;
    }

    private static List<object?> Listed(IEnumerable<object?> items, JinjaDictionary map, Evaluation evaluation)
    {
        evaluation.Charge(map.Count);
        return [.. items];
    }
}

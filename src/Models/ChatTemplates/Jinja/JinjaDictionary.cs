namespace Neoteny.Models.ChatTemplates.Jinja;

/// <summary>A mapping in order of insertion. Keys are texts, numbers, booleans or none; 1 and true are one key, as in Python.</summary>
internal sealed class JinjaDictionary
{
    private static readonly object None = new();
    private readonly OrderedDictionary<object, object?> items = [];

    public int Count => items.Count;

    public IEnumerable<object?> Keys => items.Keys.Select(Shown);

    public IEnumerable<object?> Values => items.Values;

    public IEnumerable<KeyValuePair<object?, object?>> Pairs => items.Select(pair => KeyValuePair.Create(Shown(pair.Key), pair.Value));

    public object? this[object? key]
    {
        set => items[Stored(key)] = value;
    }

    public bool TryGet(object? key, out object? value) => items.TryGetValue(Stored(key), out value);

    public bool Contains(object? key) => items.ContainsKey(Stored(key));

    private static object? Shown(object key) => ReferenceEquals(key, None) ? null : key;

    private static object Stored(object? key) => key switch
    {
        null => None,
        bool flag => flag ? 1L : 0L,
        double number when number == Math.Floor(number) && Math.Abs(number) < 1e15 => (long)number,
        string or long or double => key,
        _ => throw new TemplateError($"{Jinja.Values.TypeName(key)} cannot be a key of a mapping."),
    };
}

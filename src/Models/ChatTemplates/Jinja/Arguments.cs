namespace Neoteny.Models.ChatTemplates.Jinja;

/// <summary>The arguments of a call, by place and by name.</summary>
internal sealed record Arguments(IReadOnlyList<object?> Positional, IReadOnlyDictionary<string, object?> Named)
{
    private static readonly Dictionary<string, object?> NoNames = [];

    public static Arguments Of(params object?[] positional) => new(positional, NoNames);

    /// <summary>The argument at a place or by name.</summary>
    public bool TryGet(int place, string name, out object? value)
    {
        if (place >= Positional.Count)
            return Named.TryGetValue(name, out value);
        value = Positional[place];
        return true;
    }

    public object? Get(int place, string name, object? otherwise) => TryGet(place, name, out var value) ? value : otherwise;

    public object? Need(int place, string name, string callee) =>
        TryGet(place, name, out var value) ? value : throw new TemplateError($"{callee} needs the argument '{name}'.");

    public string NeedText(int place, string name, string callee) => Need(place, name, callee) as string
        ?? throw new TemplateError($"the argument '{name}' of {callee} must be a text.");

    public long Integer(int place, string name, long otherwise) => Get(place, name, null) switch
    {
        null => otherwise,
        long value => value,
        bool flag => flag ? 1 : 0,
        var other => throw new TemplateError($"the argument '{name}' must be a whole number, not {Values.TypeName(other)}."),
    };
}

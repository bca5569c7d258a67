using Neoteny.Models.ChatTemplates.Jinja.Builtins;

namespace Neoteny.Models.ChatTemplates.Jinja;

/// <summary>What <c>value.name</c> and <c>value[key]</c> give.</summary>
internal static class Members
{
    /// <summary>Python's methods come first, then the members of a mapping.</summary>
    public static object? Attribute(object? value, string name)
    {
        switch (value)
        {
            case Undefined missing:
                throw new TemplateError($"{missing.Reason}, so it has no member '{name}'.");
            case JinjaNamespace space:
                return space.Members.TryGetValue(name, out var member) ? member : new Undefined($"the namespace has no member '{name}'");
            case LoopState loop:
                return loop.Attribute(name);
            case JinjaDictionary map:
                return DictionaryMethods.Find(map, name) ?? Item(map, name);
            case string text:
                return (object?)TextMethods.Find(text, name) ?? new Undefined($"a text has no member '{name}'");
            case List<object?> list:
                return (object?)ListMethods.Find(list, name) ?? new Undefined($"a list has no member '{name}'");
            default:
                return new Undefined($"{Values.TypeName(value)} has no member '{name}'");
        }
    }

    public static object? Item(object? value, object? key)
    {
        switch (value)
        {
            case Undefined missing:
                throw new TemplateError($"{missing.Reason}, so it has no items.");
            case JinjaDictionary map:
                return map.TryGet(key, out var member) ? member : new Undefined($"the mapping has no member '{key}'");
            case List<object?> list when Index(key) is { } index:
                index = index < 0 ? index + list.Count : index;
                return index >= 0 && index < list.Count ? list[(int)index] : new Undefined($"the list has no item {key}");
            case string text when Index(key) is { } index:
                return PythonText.Slice(text, index, index == -1 ? null : index + 1, 1) is { Length: > 0 } one
                    ? one : new Undefined($"the text has no character {key}");
            case not null when key is string name:
                return Attribute(value, name);
            default:
                return new Undefined($"{Values.TypeName(value)} has no item '{key}'");
        }
    }

    private static long? Index(object? key) => key switch { long index => index, bool flag => flag ? 1 : 0, _ => null };
}

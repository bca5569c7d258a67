using System.Collections;
using System.Globalization;
using System.Text.Json;

namespace Neoteny.Models.ChatTemplates.Jinja;

/// <summary>Values of the caller as values of a template.</summary>
internal static class Conversion
{
    public static object? From(object? value) => value switch
    {
        null or string or bool or long or double or JinjaDictionary or List<object?> => value,
        JsonElement json => From(json),
        int or short or byte or uint or sbyte or ushort => Convert.ToInt64(value, CultureInfo.InvariantCulture),
        float or decimal => Convert.ToDouble(value, CultureInfo.InvariantCulture),
        IEnumerable<KeyValuePair<string, object?>> map => Map(map),
        IEnumerable list => list.Cast<object?>().Select(From).ToList(),
        _ => throw new InputException($"A chat template cannot use a value of type {value.GetType().Name}. Give texts, numbers, lists or mappings."),
    };

    public static JinjaDictionary Map(IEnumerable<KeyValuePair<string, object?>> pairs)
    {
        var map = new JinjaDictionary();
        foreach (var (key, value) in pairs)
            map[key] = From(value);
        return map;
    }

    private static object? From(JsonElement json) => json.ValueKind switch
    {
        JsonValueKind.Null or JsonValueKind.Undefined => null,
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        JsonValueKind.String => json.GetString(),
        JsonValueKind.Number => json.TryGetInt64(out var whole) ? (object)whole : json.GetDouble(),
        JsonValueKind.Array => json.EnumerateArray().Select(From).ToList(),
        _ => Map(json.EnumerateObject().Select(member => KeyValuePair.Create(member.Name, (object?)member.Value))),
    };
}

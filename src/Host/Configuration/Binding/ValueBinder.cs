namespace Neoteny.Host.Configuration;

/// <summary>Turns a checked value into the type of its property.</summary>
/// <remarks>
/// Uses no converter that caches by type: such caches keep a plugin's types, and with them its load context, alive for good.
/// </remarks>
internal static class ValueBinder
{
    /// <param name="node">A value without problems.</param>
    /// <param name="shape">Its shape.</param>
    /// <param name="type">The property's type.</param>
    /// <param name="created">Called with each nested record after binding, so that it can be validated.</param>
    public static object Convert(ConfigNode node, KeyShape shape, Type type, Action<object, MapNode, RecordShape> created)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        var text = (node as ScalarNode)?.Text ?? "";
        switch (shape)
        {
            case BooleanShape:
                return ScalarText.ToBoolean(text)!.Value;
            case IntegerShape { IsLong: false }:
                return (int)ScalarText.ToInteger(text)!.Value;
            case IntegerShape:
                return ScalarText.ToInteger(text)!.Value;
            case NumberShape:
                return ScalarText.ToNumber(text)!.Value;
            case ChoiceShape choice:
                return Enum.ToObject(type, ChoiceText.Find(choice, text)!.Value);
            case ListShape list:
                return ConvertList(node, list, type, created);
            case MapShape map:
                return ConvertMap((MapNode)node, map, type, created);
            case AnyShape:
                return FreeValue(node)!;
            case RecordShape record:
                return ConvertRecord(record.Expand(node)!, record, type, created);
            default:
                return text;
        }
    }

    /// <summary>Sets the properties of a record whose keys are present.</summary>
    public static void Fill(object record, IEnumerable<KeyInfo> keys, Func<KeyInfo, ConfigNode?> find, Action<object, MapNode, RecordShape> created)
    {
        foreach (var key in keys)
        {
            if (find(key) is not { } node)
                continue;
            var property = record.GetType().GetProperty(key.Property)!;
            property.SetValue(record, Convert(node, key.Shape, property.PropertyType, created));
        }
    }

    private static Array ConvertList(ConfigNode node, ListShape list, Type type, Action<object, MapNode, RecordShape> created)
    {
        var itemType = type.GetGenericArguments()[0];
        var nodes = node is ListNode items ? items.Items : [node];
        var array = Array.CreateInstance(itemType, nodes.Count);
        for (var i = 0; i < nodes.Count; i++)
            array.SetValue(Convert(nodes[i], list.Item, itemType, created), i);
        return array;
    }

    private static System.Collections.IDictionary ConvertMap(MapNode node, MapShape map, Type type, Action<object, MapNode, RecordShape> created)
    {
        var valueType = type.GetGenericArguments()[1];
        var values = (System.Collections.IDictionary)Activator.CreateInstance(typeof(Dictionary<,>).MakeGenericType(typeof(string), valueType))!;
        foreach (var entry in node.Entries.Where(e => e.IsSet || map.Value is AnyShape))
            values[entry.Key] = Convert(entry.Value, map.Value, valueType, created);
        return values;
    }

    /// <summary>A value as its writing suggests: null, a boolean, a whole number, a number, a text, a list or a map of these.</summary>
    private static object? FreeValue(ConfigNode node) => node switch
    {
        MapNode map => map.Entries.ToDictionary(e => e.Key, e => FreeValue(e.Value)),
        ListNode list => list.Items.Select(FreeValue).ToList(),
        ScalarNode { IsUnset: true } => null,
        ScalarNode { Quoted: true } text => text.Text,
        ScalarNode { Text: var text } => ScalarText.ToBoolean(text) ?? Number(text) ?? text,
        _ => throw new ArgumentException($"{node.Place}: not a YAML value."),
    };

    private static object? Number(string text)
        => long.TryParse(text, System.Globalization.CultureInfo.InvariantCulture, out var whole) ? (object)whole : ScalarText.ToNumber(text);

    private static object ConvertRecord(MapNode node, RecordShape shape, Type type, Action<object, MapNode, RecordShape> created)
    {
        var record = Activator.CreateInstance(type)!;
        Fill(record, shape.Keys, k => k.Spellings.Select(node.Find).FirstOrDefault(e => e is not null)?.Value, created);
        created(record, node, shape);
        return record;
    }
}

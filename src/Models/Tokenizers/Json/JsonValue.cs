using System.Text.Json;

namespace Neoteny.Models.Tokenizers.Json;

/// <summary>A JSON value that knows its place, so that a wrong one ends in an error that names it.</summary>
internal readonly struct JsonValue(JsonElement element, JsonPlace place)
{
    public JsonElement Element => element;

    public JsonPlace Place => place;

    public bool IsNull => element.ValueKind is JsonValueKind.Null or JsonValueKind.Undefined;

    public InputException Fail(string message) => new($"{place}: {message}");

    /// <summary>The member, or null where it is absent or written as <c>null</c>.</summary>
    public JsonValue? Find(string name)
    {
        Expect(JsonValueKind.Object, "an object");
        return element.TryGetProperty(name, out var member) && member.ValueKind != JsonValueKind.Null
            ? new JsonValue(member, new JsonPlace(place.File, place, name))
            : null;
    }

    public JsonValue Get(string name) =>
        Find(name) ?? throw Fail($"'{name}' is missing. Use a tokenizer.json as the tokenizers library writes it.");

    public string Type() => Get("type").Text();

    public string Text()
    {
        Expect(JsonValueKind.String, "a text");
        return element.GetString()!;
    }

    public bool Flag()
    {
        if (element.ValueKind is not (JsonValueKind.True or JsonValueKind.False))
            throw Fail($"expected true or false, found {Describe()}.");
        return element.GetBoolean();
    }

    public bool Flag(string name, bool otherwise) => Find(name)?.Flag() ?? otherwise;

    public string? Text(string name) => Find(name)?.Text();

    public int Integer()
    {
        if (element.ValueKind != JsonValueKind.Number || !element.TryGetInt32(out var value))
            throw Fail($"expected a whole number below 2147483648, found {Describe()}.");
        return value;
    }

    /// <summary>A token id: a whole number from zero.</summary>
    public int Id()
    {
        var id = Integer();
        return id >= 0 ? id : throw Fail($"a token id must not be negative, found {id}.");
    }

    public double Number()
    {
        if (element.ValueKind != JsonValueKind.Number || !element.TryGetDouble(out var value) || !double.IsFinite(value))
            throw Fail($"expected a number, found {Describe()}.");
        return value;
    }

    public IEnumerable<JsonValue> Items()
    {
        Expect(JsonValueKind.Array, "a list");
        var here = place;
        return element.EnumerateArray().Select((item, index) => new JsonValue(item, new JsonPlace(here.File, here, null, index)));
    }

    public IEnumerable<(string Name, JsonValue Value)> Members()
    {
        Expect(JsonValueKind.Object, "an object");
        var here = place;
        return element.EnumerateObject()
            .Select(member => (member.Name, new JsonValue(member.Value, new JsonPlace(here.File, here, member.Name))));
    }

    private void Expect(JsonValueKind kind, string words)
    {
        if (element.ValueKind != kind)
            throw Fail($"expected {words}, found {Describe()}.");
    }

    private string Describe() => element.ValueKind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "a list",
        JsonValueKind.String => "a text",
        JsonValueKind.Number => $"the number {Short(element.GetRawText())}",
        JsonValueKind.True => "true",
        JsonValueKind.False => "false",
        _ => "null",
    };

    private static string Short(string text) => text.Length <= 40 ? text : text[..40] + "...";
}

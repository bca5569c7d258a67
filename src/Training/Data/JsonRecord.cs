using System.Text.Json;

namespace Neoteny.Training.Data;

/// <summary>One record of a dataset, and where it stands.</summary>
internal sealed record JsonRecord(JsonElement Element, string Place)
{
    /// <summary>A text field that must be there.</summary>
    public string Text(string field) => OptionalText(field) ?? throw MissingField(field);

    /// <summary>A text field; null where absent or null.</summary>
    public string? OptionalText(string field)
    {
        if (!Element.TryGetProperty(field, out var value) || value.ValueKind == JsonValueKind.Null)
            return null;

        return value.ValueKind == JsonValueKind.String
            ? value.GetString()
            : throw Error($"the field '{field}' is {Describe(value.ValueKind)} where a text is wanted.");
    }

    /// <summary>A field of any kind; null where absent or null.</summary>
    public JsonElement? Optional(string field)
        => Element.TryGetProperty(field, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

    /// <summary>A list field that must be there.</summary>
    public IReadOnlyList<JsonElement> List(string field)
    {
        if (!Element.TryGetProperty(field, out var value))
            throw MissingField(field);

        return value.ValueKind == JsonValueKind.Array
            ? [.. value.EnumerateArray()]
            : throw Error($"the field '{field}' is {Describe(value.ValueKind)} where a list is wanted.");
    }

    /// <summary>An error that starts with the record's place.</summary>
    public InputException Error(string message, Exception? inner = null) => new($"{Place}: {message}", inner);

    /// <summary>What a JSON value is, in words.</summary>
    public static string Describe(JsonValueKind kind) => kind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "a list",
        JsonValueKind.String => "a text",
        JsonValueKind.Number => "a number",
        JsonValueKind.Null => "null",
        _ => "true or false",
    };

    private InputException MissingField(string field)
    {
        var present = string.Join(", ", Element.EnumerateObject().Select(p => p.Name));
        return Error($"the field '{field}' is missing (there are: {(present.Length > 0 ? present : "none")}). Name the right fields in the dataset's configuration, or mend the record.");
    }
}

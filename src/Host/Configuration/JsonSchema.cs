using System.Text.Encodings.Web;
using System.Text.Json;

namespace Neoteny.Host.Configuration;

/// <summary>Writes the known keys as a JSON Schema (draft 2020-12), for editors that complete and check YAML.</summary>
internal static class JsonSchema
{
    private static readonly JsonWriterOptions Readable = new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static void Write(KeyTable keys, Stream output)
    {
        using var json = new Utf8JsonWriter(output, Readable);
        json.WriteStartObject();
        json.WriteString("$schema", "https://json-schema.org/draft/2020-12/schema");
        json.WriteString("title", "Neoteny configuration");
        var owned = keys.Owners.SelectMany(o => o.Keys).DistinctBy(k => k.Name).OrderBy(k => k.Name, StringComparer.Ordinal).ToList();
        var required = keys.Owners.Where(o => o.IsHost).SelectMany(o => o.Keys).Where(k => k.Required);
        WriteObject(json, owned, required);
        json.WriteEndObject();
    }

    private static void WriteObject(Utf8JsonWriter json, IEnumerable<KeyInfo> keys, IEnumerable<KeyInfo> required)
    {
        json.WriteString("type", "object");
        json.WriteStartObject("properties");
        foreach (var key in keys)
        {
            WriteKey(json, key, key.Name, isAlias: false);
            foreach (var alias in key.Aliases)
                WriteKey(json, key, alias, isAlias: true);
        }
        json.WriteEndObject();
        json.WriteBoolean("additionalProperties", false);
        if (required.ToList() is not { Count: > 0 } needed)
            return;
        json.WriteStartArray("required");
        foreach (var key in needed)
            json.WriteStringValue(key.Name);
        json.WriteEndArray();
    }

    private static void WriteKey(Utf8JsonWriter json, KeyInfo key, string name, bool isAlias)
    {
        json.WriteStartObject(name);
        if (key.Summary is not null)
            json.WriteString("description", key.Default is null ? key.Summary : $"{key.Summary} Default: {key.Default}.");
        if (isAlias)
            json.WriteBoolean("deprecated", true);
        json.WriteStartArray("anyOf");
        WriteShape(json, key, key.Shape);
        if (key.Shape is ListShape list)
            WriteShape(json, key, list.Item);
        if (key.Shape is RecordShape { HasShortForm: true })
            WriteShape(json, key, new TextShape());
        json.WriteStartObject();
        json.WriteString("type", "null");
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteShape(Utf8JsonWriter json, KeyInfo key, KeyShape shape)
    {
        json.WriteStartObject();
        WriteContent(json, key, shape);
        json.WriteEndObject();
    }

    private static void WriteContent(Utf8JsonWriter json, KeyInfo key, KeyShape shape)
    {
        switch (shape)
        {
            case BooleanShape:
                json.WriteString("type", "boolean");
                break;
            case IntegerShape or NumberShape:
                json.WriteString("type", shape is NumberShape ? "number" : "integer");
                if (double.IsFinite(key.Minimum))
                    json.WriteNumber("minimum", key.Minimum);
                if (double.IsFinite(key.Maximum))
                    json.WriteNumber("maximum", key.Maximum);
                break;
            case ChoiceShape choice:
                WriteEnum(json, choice.Choices.Select(c => c.Text));
                break;
            case ListShape list:
                json.WriteString("type", "array");
                json.WritePropertyName("items");
                WriteShape(json, key, list.Item);
                break;
            case MapShape map:
                json.WriteString("type", "object");
                json.WritePropertyName("additionalProperties");
                WriteShape(json, key, map.Value);
                break;
            case AnyShape:
                break;
            case RecordShape record:
                WriteObject(json, record.Keys, record.Keys.Where(k => k.Required));
                break;
            default:
                WriteText(json, key);
                break;
        }
    }

    /// <summary>A text may be written as anything scalar: <c>chat_template: true</c> is the text "true".</summary>
    private static void WriteText(Utf8JsonWriter json, KeyInfo key)
    {
        if (key.Allowed.Count > 0)
        {
            WriteEnum(json, key.Allowed);
            return;
        }
        json.WriteStartArray("type");
        foreach (var type in new[] { "string", "number", "boolean" })
            json.WriteStringValue(type);
        json.WriteEndArray();
    }

    private static void WriteEnum(Utf8JsonWriter json, IEnumerable<string> texts)
    {
        json.WriteStartArray("enum");
        foreach (var text in texts)
        {
            json.WriteStringValue(text);
            if (ScalarText.ToBoolean(text) is { } boolean)
                json.WriteBooleanValue(boolean);
        }
        json.WriteEndArray();
    }
}

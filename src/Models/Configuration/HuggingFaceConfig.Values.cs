using System.Text.Json;
using System.Text.Json.Nodes;

namespace Neoteny.Models.Configuration;

/// <content>Typed reading of keys.</content>
public sealed partial class HuggingFaceConfig
{
    /// <summary>Whether a key is there and not null.</summary>
    public bool Has(string key) => At(key) is not null;

    /// <summary>The raw value of a key, a copy; null when it is absent.</summary>
    public JsonNode? Raw(string key) => At(key)?.DeepClone();

    /// <summary>A whole number that must be there.</summary>
    /// <exception cref="InputException">It is missing, of another type, or out of range.</exception>
    public int Integer(string key) => Convert(Need(key), key, AsInteger, "a whole number");

    /// <summary>A whole number, or <paramref name="fallback"/>.</summary>
    /// <exception cref="InputException">It is of another type or out of range.</exception>
    public int Integer(string key, int fallback) => Has(key) ? Integer(key) : fallback;

    /// <summary>A whole number that must be there and be at least 1.</summary>
    /// <exception cref="InputException">It is missing, of another type, or below 1.</exception>
    public int Size(string key) => Integer(key) is > 0 and var size ? size : throw Wrong(key, "a whole number of at least 1", root[key]);

    /// <summary>A whole number of at least 1, or <paramref name="fallback"/>.</summary>
    /// <exception cref="InputException">It is of another type or below 1.</exception>
    public int Size(string key, int fallback) => Has(key) ? Size(key) : fallback;

    /// <summary>A number that must be there.</summary>
    /// <exception cref="InputException">It is missing or of another type.</exception>
    public double Number(string key) => Convert(Need(key), key, AsNumber, "a number");

    /// <summary>A number, or <paramref name="fallback"/>.</summary>
    /// <exception cref="InputException">It is of another type.</exception>
    public double Number(string key, double fallback) => Has(key) ? Number(key) : fallback;

    /// <summary>A number that null switches off: <paramref name="fallback"/> when the key is absent, 0 when it is null.</summary>
    /// <exception cref="InputException">It is of another type.</exception>
    public double NumberOrOff(string key, double fallback) => IsNull(key) ? 0 : Number(key, fallback);

    /// <summary>A whole number that null switches off: <paramref name="fallback"/> when the key is absent, 0 when it is null.</summary>
    /// <exception cref="InputException">It is of another type.</exception>
    public int IntegerOrOff(string key, int fallback) => IsNull(key) ? 0 : Integer(key, fallback);

    /// <summary>A boolean, or <paramref name="fallback"/>.</summary>
    /// <exception cref="InputException">It is of another type.</exception>
    public bool Flag(string key, bool fallback) => Has(key) ? Convert(Need(key), key, As<bool>, "true or false") : fallback;

    /// <summary>A text that must be there.</summary>
    /// <exception cref="InputException">It is missing or of another type.</exception>
    public string Text(string key) => Convert(Need(key), key, AsText, "a text");

    /// <summary>A text, or <paramref name="fallback"/>.</summary>
    /// <exception cref="InputException">It is of another type.</exception>
    public string Text(string key, string fallback) => Has(key) ? Text(key) : fallback;

    /// <summary>A list of texts; empty when the key is absent.</summary>
    /// <exception cref="InputException">It is something else.</exception>
    public IReadOnlyList<string> Texts(string key) => List(key, AsText, "a list of texts");

    /// <summary>A list of numbers; empty when the key is absent.</summary>
    /// <exception cref="InputException">It is something else.</exception>
    public IReadOnlyList<double> Numbers(string key) => List(key, AsNumber, "a list of numbers");

    /// <summary>A list of whole numbers, or a single one; empty when the key is absent.</summary>
    /// <exception cref="InputException">It is something else.</exception>
    public IReadOnlyList<int> Integers(string key)
        => At(key) is JsonValue ? [Integer(key)] : List(key, AsInteger, "a whole number or a list of them");

    /// <summary>A nested object; null when the key is absent.</summary>
    /// <exception cref="InputException">It is something else.</exception>
    public HuggingFaceConfig? Section(string key)
        => !Has(key) ? null
            : root[key] is JsonObject nested ? new HuggingFaceConfig(nested, Source, $"{prefix}{key}.")
            : throw Wrong(key, "an object", root[key]);

    internal InputException Wrong(string key, string expected, object? found)
    {
        var text = found is JsonNode node ? node.ToJsonString() : JsonSerializer.Serialize(found);
        return new InputException($"{Source}: '{prefix}{key}' must be {expected}, but it is {(text.Length > 60 ? text[..57] + "..." : text)}. Correct the file.");
    }

    private JsonNode? At(string key)
    {
        read?.Add(key);
        return root[key];
    }

    private bool IsNull(string key) => !Has(key) && root.ContainsKey(key);

    private JsonNode Need(string key)
        => At(key) ?? throw new InputException($"{Source}: the key '{prefix}{key}' is missing, which a model of this kind needs. Add it, or download the model again.");

    private T Convert<T>(JsonNode node, string key, Func<JsonNode, T?> read, string expected)
        where T : struct
        => read(node) ?? throw Wrong(key, expected, node);

    private string Convert(JsonNode node, string key, Func<JsonNode, string?> read, string expected) => read(node) ?? throw Wrong(key, expected, node);

    private IReadOnlyList<T> List<T>(string key, Func<JsonNode, T?> read, string expected)
        where T : struct
    {
        var items = Items(key, expected);
        return [.. items.Select(i => i is null ? throw Wrong(key, expected, root[key]) : read(i) ?? throw Wrong(key, expected, root[key]))];
    }

    private IReadOnlyList<string> List(string key, Func<JsonNode, string?> read, string expected)
        => [.. Items(key, expected).Select(i => (i is null ? null : read(i)) ?? throw Wrong(key, expected, root[key]))];

    private JsonArray Items(string key, string expected)
        => !Has(key) ? [] : root[key] as JsonArray ?? throw Wrong(key, expected, root[key]);

    private static T? As<T>(JsonNode node)
        where T : struct
        => node is JsonValue value && value.TryGetValue<T>(out var result) ? result : null;

    private static string? AsText(JsonNode node) => node is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;

    private static double? AsNumber(JsonNode node)
        => node.GetValueKind() == JsonValueKind.Number && double.TryParse(node.ToJsonString(), System.Globalization.CultureInfo.InvariantCulture, out var number)
            && double.IsFinite(number) ? number : null;

    // Writers spell whole numbers as 4096.0 too.
    private static int? AsInteger(JsonNode node)
        => AsNumber(node) is { } number && number == Math.Truncate(number) && Math.Abs(number) <= int.MaxValue ? (int)number : null;
}

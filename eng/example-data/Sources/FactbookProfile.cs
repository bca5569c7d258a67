using System.Text.Json;

namespace Neoteny.ExampleData.Sources;

/// <summary>The profile of one country: its fields as text, by path such as <c>Geography/Climate</c>.</summary>
/// <param name="Country">The short name of the country or territory.</param>
/// <param name="Fields">The fields in file order.</param>
internal sealed record FactbookProfile(string Country, IReadOnlyList<KeyValuePair<string, string>> Fields)
{
    /// <summary>The profiles of an unpacked factbook package, in the order of their paths.</summary>
    public static IEnumerable<FactbookProfile> ReadAll(string folder) =>
        from path in Directory.GetFiles(Path.Combine(folder, "package"), "*.json", SearchOption.AllDirectories).Order(StringComparer.Ordinal)
        where Path.GetFileName(path).Length == "xx.json".Length
        let profile = Read(path)
        where profile.Country != ""
        select profile;

    /// <summary>The text of a field, or null.</summary>
    public string? this[string path] => Fields.FirstOrDefault(field => field.Key == path).Value;

    private static FactbookProfile Read(string path)
    {
        using var document = JsonDocument.Parse(File.ReadAllText(path));
        var fields = new List<KeyValuePair<string, string>>();
        Collect(document.RootElement, "", fields);
        var profile = new FactbookProfile("", fields);
        var names = new[] { "short", "long" }.Select(form => profile[$"Government/Country name/conventional {form} form"]);
        return profile with { Country = names.FirstOrDefault(name => name is not null and not "none" and not "") ?? "" };
    }

    private static void Collect(JsonElement element, string path, List<KeyValuePair<string, string>> fields)
    {
        foreach (var property in element.EnumerateObject())
        {
            if (property.Name == "text" && property.Value.ValueKind == JsonValueKind.String)
                fields.Add(new(path, property.Value.GetString()!.Trim()));
            else if (property.Value.ValueKind == JsonValueKind.Object)
                Collect(property.Value, path == "" ? property.Name : $"{path}/{property.Name}", fields);
        }
    }
}

using System.Text.Json;
using Neoteny.Models.Tokenizers;
using Neoteny.Models.Tokenizers.Json;

namespace Neoteny.Models.ChatTemplates;

/// <summary>Finds the chat template of a tokenizer folder.</summary>
internal static class TemplateFiles
{
    /// <summary>The template, and its place for error messages. A file of its own wins over tokenizer_config.json.</summary>
    public static (string Place, string Source) Find(string folder) => Seek(folder) ?? throw new InputException(
        $"{folder}: the tokenizer has no chat template. Set chat_template: to one of {string.Join(", ", NamedTemplates.Names)}, or give chat_template_jinja:.");

    /// <summary>The same, or null where there is none.</summary>
    public static (string Place, string Source)? Seek(string folder)
    {
        var own = Path.Combine(folder, "chat_template.jinja");
        if (File.Exists(own))
            return (own, File.ReadAllText(own));
        foreach (var path in new[] { "chat_template.json", "tokenizer_config.json" }.Select(file => Path.Combine(folder, file)))
        {
            if (File.Exists(path) && JsonFile.Read(path, Read) is { } source)
                return (path, source);
        }

        return null;
    }

    public static IReadOnlyDictionary<string, object?> SpecialTokens(string folder)
        => Tokenizers.SpecialTokens.Load(folder).ByRole.ToDictionary(pair => pair.Key, pair => (object?)pair.Value);

    /// <summary>A template, or a list of named ones of which <c>default</c> counts.</summary>
    private static string? Read(JsonValue root)
    {
        if (root.Find("chat_template") is not { } value)
            return null;
        if (value.Element.ValueKind != JsonValueKind.Array)
            return value.Text();
        foreach (var entry in value.Items())
        {
            if (entry.Get("name").Text() == "default")
                return entry.Get("template").Text();
        }

        throw value.Fail("none of the chat templates is named 'default'.");
    }
}

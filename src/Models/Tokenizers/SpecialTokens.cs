using System.Text.Json;
using Neoteny.Models.Tokenizers.Json;

namespace Neoteny.Models.Tokenizers;

/// <summary>The tokens with a role, by the names that the folder's files give them.</summary>
internal sealed class SpecialTokens
{
    private readonly Dictionary<string, string> tokens = [];

    public string? this[string role] => tokens.GetValueOrDefault(role);

    /// <summary>Reads special_tokens_map.json, then tokenizer_config.json, which wins.</summary>
    public static SpecialTokens Load(string folder)
    {
        var special = new SpecialTokens();
        foreach (var name in new[] { "special_tokens_map.json", "tokenizer_config.json" })
        {
            var path = Path.Combine(folder, name);
            if (File.Exists(path))
                JsonFile.Read(path, special.Add);
        }

        return special;
    }

    private bool Add(JsonValue root)
    {
        foreach (var role in new[] { "bos_token", "eos_token", "pad_token", "unk_token" })
        {
            if (root.Find(role) is { } value)
                tokens[role] = value.Element.ValueKind == JsonValueKind.Object ? value.Get("content").Text() : value.Text();
        }

        return true;
    }
}

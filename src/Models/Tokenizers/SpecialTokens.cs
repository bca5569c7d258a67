using System.Text.Json;
using Neoteny.Models.Tokenizers.Json;

namespace Neoteny.Models.Tokenizers;

/// <summary>The tokens with a role, by the names that the folder's files give them.</summary>
internal sealed class SpecialTokens
{
    // In the order in which the reference gives ids to those that the vocabulary lacks.
    private static readonly string[] Roles = ["bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"];

    private readonly Dictionary<string, string> tokens = [];

    /// <summary>All of them, by role.</summary>
    public IReadOnlyDictionary<string, string> ByRole => tokens;

    /// <summary>The tokens, those of the usual roles first.</summary>
    public IEnumerable<string> InOrder => Roles.Where(tokens.ContainsKey).Concat(tokens.Keys.Except(Roles)).Select(role => tokens[role]);

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
        foreach (var role in Roles)
        {
            if (root.Find(role) is { } value)
                tokens[role] = Text(value);
        }

        // A model may have roles of its own: the token of an image, for instance.
        foreach (var own in new[] { "extra_special_tokens", "model_specific_special_tokens" }.Select(root.Find))
        {
            foreach (var (role, value) in own is { Element.ValueKind: JsonValueKind.Object } named ? named.Members() : [])
                tokens[role] = Text(value);
        }

        return true;
    }

    private static string Text(JsonValue value) => value.Element.ValueKind == JsonValueKind.Object ? value.Get("content").Text() : value.Text();
}

using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Neoteny.Models.Checkpoints;

namespace Neoteny.Models.Tokenizers.Editing;

/// <summary>The JSON files of a tokenizer that name tokens, being changed together.</summary>
internal sealed class EditedFiles
{
    private readonly string folder;
    private readonly JsonObject tokenizer;
    private readonly JsonObject config;
    private readonly JsonObject? map;

    public EditedFiles(string folder)
    {
        this.folder = folder;
        tokenizer = Read("tokenizer.json")!;
        config = Read("tokenizer_config.json") ?? [];
        map = Read("special_tokens_map.json");
    }

    private JsonArray Added => tokenizer["added_tokens"] as JsonArray ?? Put(tokenizer, "added_tokens", new JsonArray());

    /// <summary>The id of an added token; null where there is none.</summary>
    public int? IdOf(string content) => Entry(content) is { } entry ? (int?)entry["id"] : null;

    /// <summary>Adds a token, or makes a known one special.</summary>
    public void Add(int id, string content, bool special)
    {
        var entry = Entry(content);
        if (entry is null)
        {
            Added.Add(new JsonObject
            {
                ["id"] = id,
                ["content"] = content,
                ["single_word"] = false,
                ["lstrip"] = false,
                ["rstrip"] = false,
                ["normalized"] = false,
                ["special"] = special,
            });
        }
        else if (special)
        {
            entry["special"] = true;
        }

        var decoder = config["added_tokens_decoder"] as JsonObject ?? Put(config, "added_tokens_decoder", new JsonObject());
        var listed = Entry(content)!.DeepClone().AsObject();
        listed.Remove("id");
        decoder[TokenizerEditor.Key(id)] = listed;
    }

    /// <summary>Gives an added token another content.</summary>
    /// <exception cref="InputException">There is no added token of that id, or the content is another token's.</exception>
    public void Replace(int id, string content, Tokenizer before)
    {
        var entry = Added.OfType<JsonObject>().FirstOrDefault(t => (int?)t["id"] == id) ?? throw new InputException(
            $"added_tokens_overrides: the tokenizer has no added token with id {id}. Added tokens have the ids {Ids(before)}.");
        if (before.IdOf(content) is { } other && other != id)
        {
            throw new InputException($"added_tokens_overrides: '{content}' is the token {other} already. Choose another content for {id}.");
        }

        var old = (string)entry["content"]!;
        entry["content"] = content;
        if (config["added_tokens_decoder"]?[TokenizerEditor.Key(id)] is JsonObject listed)
        {
            listed["content"] = content;
        }

        if (tokenizer["model"]?["vocab"] is JsonObject vocabulary && vocabulary.Remove(old))
        {
            vocabulary[content] = id;
        }

        foreach (var (role, token) in new[] { ("bos_token", before.BosToken), ("eos_token", before.EosToken), ("pad_token", before.PadToken), ("unk_token", before.UnkToken) })
        {
            if (token == old)
            {
                SetRole(role, content, before);
            }
        }

        foreach (var list in new[] { config, map }.Select(f => f?["additional_special_tokens"]).OfType<JsonArray>())
        {
            for (var i = 0; i < list.Count; i++)
            {
                if ((list[i] is JsonObject spelled ? (string?)spelled["content"] : (string?)list[i]) == old)
                {
                    list[i] = content;
                }
            }
        }
    }

    /// <summary>Gives a token a role; where it takes over the beginning or end of texts, the post-processor follows.</summary>
    public void SetRole(string role, string content, Tokenizer before)
    {
        var old = role switch { "bos_token" => before.BosToken, "eos_token" => before.EosToken, _ => null };
        config[role] = content;
        if (map is not null)
        {
            map[role] = content;
        }

        if (old is not null && old != content && tokenizer["post_processor"] is JsonObject processor)
        {
            Follow(processor, old, content, IdOf(content)!.Value);
        }
    }

    /// <summary>Notes further special tokens where the files list them.</summary>
    public void ListSpecialTokens(IReadOnlyList<string> tokens)
    {
        foreach (var file in tokens.Count == 0 ? [] : new[] { config, map }.OfType<JsonObject>())
        {
            var list = file["additional_special_tokens"] as JsonArray ?? Put(file, "additional_special_tokens", new JsonArray());
            var known = list.Select(t => t is JsonObject spelled ? (string?)spelled["content"] : (string?)t).ToHashSet();
            foreach (var token in tokens.Where(t => !known.Contains(t)))
            {
                list.Add((JsonNode)token);
            }
        }
    }

    public void Write(JsonSerializerOptions options)
    {
        Write("tokenizer.json", tokenizer, options);
        Write("tokenizer_config.json", config, options);
        if (map is not null)
        {
            Write("special_tokens_map.json", map, options);
        }
    }

    private static void Follow(JsonObject processor, string old, string content, int id)
    {
        foreach (var nested in (processor["processors"] as JsonArray ?? []).OfType<JsonObject>())
        {
            Follow(nested, old, content, id);
        }

        if (processor["special_tokens"] is not JsonObject special || !special.Remove(old))
        {
            return;
        }

        special[content] = new JsonObject { ["id"] = content, ["ids"] = new JsonArray(id), ["tokens"] = new JsonArray((JsonNode)content) };
        foreach (var piece in new[] { "single", "pair" }.SelectMany(k => processor[k] as JsonArray ?? []).Select(p => p?["SpecialToken"]).OfType<JsonObject>())
        {
            if ((string?)piece["id"] == old)
            {
                piece["id"] = content;
            }
        }
    }

    private JsonObject? Entry(string content) => Added.OfType<JsonObject>().FirstOrDefault(t => (string?)t["content"] == content);

    private static string Ids(Tokenizer tokenizer)
        => tokenizer.AddedIds.Count == 0 ? "(none)" : $"{tokenizer.AddedIds.Min()} to {tokenizer.AddedIds.Max()}";

    private static T Put<T>(JsonObject parent, string key, T value)
        where T : JsonNode
    {
        parent[key] = value;
        return value;
    }

    private JsonObject? Read(string name)
    {
        var path = Path.Combine(folder, name);
        return File.Exists(path) ? JsonNode.Parse(File.ReadAllText(path)) as JsonObject ?? throw new InputException($"{path} must hold a JSON object. Fetch the file again.") : null;
    }

    private void Write(string name, JsonObject content, JsonSerializerOptions options)
        => AtomicFile.Write(Path.Combine(folder, name), s => s.Write(Encoding.UTF8.GetBytes(content.ToJsonString(options) + "\n")));
}

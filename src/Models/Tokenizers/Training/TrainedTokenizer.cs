using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Neoteny.Models.Tokenizers;

/// <summary>A learned vocabulary, ready to be written as a tokenizer folder.</summary>
public sealed class TrainedTokenizer
{
    private static readonly JsonSerializerOptions Format = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private readonly IReadOnlyList<(int Left, int Right)> merges;

    internal TrainedTokenizer(IReadOnlyList<string> tokens, IReadOnlyList<(int Left, int Right)> merges, IReadOnlyList<string> specialTokens)
    {
        Tokens = tokens;
        SpecialTokens = specialTokens;
        this.merges = merges;
    }

    /// <summary>The tokens in the order of their ids, in GPT-2's spelling of bytes.</summary>
    public IReadOnlyList<string> Tokens { get; }

    /// <summary>The special tokens, whose ids follow.</summary>
    public IReadOnlyList<string> SpecialTokens { get; }

    /// <summary>Tokens altogether.</summary>
    public int Length => Tokens.Count + SpecialTokens.Count;

    /// <summary>Writes tokenizer.json, tokenizer_config.json and special_tokens_map.json, which <see cref="Tokenizer.Load"/> and Python read.</summary>
    /// <param name="folder">Folder to write to; created where absent.</param>
    /// <param name="metadata">Roles of the special tokens, and the chat template.</param>
    /// <exception cref="InputException">A role names a token that is not among <see cref="SpecialTokens"/>.</exception>
    /// <exception cref="IOException">The folder cannot be written.</exception>
    public void Save(string folder, TokenizerMetadata metadata)
    {
        foreach (var token in new[] { metadata.BosToken, metadata.EosToken, metadata.PadToken })
        {
            if (token is not null && !SpecialTokens.Contains(token))
                throw new InputException($"'{token}' is not among the special tokens ({string.Join(", ", SpecialTokens)}). Train with it.");
        }

        if (metadata is { AddsBos: true, BosToken: null })
            throw new InputException("AddsBos needs a BosToken.");
        Directory.CreateDirectory(folder);
        Write(folder, "tokenizer.json", Tokenizer(metadata));
        Write(folder, "tokenizer_config.json", Config(metadata));
        Write(folder, "special_tokens_map.json", Roles(metadata));
    }

    private static void Write(string folder, string name, JsonNode content) =>
        File.WriteAllText(Path.Combine(folder, name), content.ToJsonString(Format) + "\n");

    private JsonObject Tokenizer(TokenizerMetadata metadata) => new()
    {
        ["version"] = "1.0",
        ["truncation"] = null,
        ["padding"] = null,
        ["added_tokens"] = new JsonArray([.. SpecialTokens.Select((token, i) => Added(token, Tokens.Count + i))]),
        ["normalizer"] = null,
        ["pre_tokenizer"] = new JsonObject
        {
            ["type"] = "Sequence",
            ["pretokenizers"] = new JsonArray(
                new JsonObject
                {
                    ["type"] = "Split",
                    ["pattern"] = new JsonObject { ["Regex"] = BpeTrainer.Pattern },
                    ["behavior"] = "Isolated",
                    ["invert"] = false,
                },
                ByteLevel(addPrefixSpace: false, useRegex: false)),
        },
        ["post_processor"] = PostProcessor(metadata),
        ["decoder"] = ByteLevel(addPrefixSpace: true, useRegex: true),
        ["model"] = Model(),
    };

    private JsonObject Model()
    {
        var vocabulary = new JsonObject();
        for (var id = 0; id < Tokens.Count; id++)
            vocabulary[Tokens[id]] = id;
        return new JsonObject
        {
            ["type"] = "BPE",
            ["dropout"] = null,
            ["unk_token"] = null,
            ["continuing_subword_prefix"] = null,
            ["end_of_word_suffix"] = null,
            ["fuse_unk"] = false,
            ["byte_fallback"] = false,
            ["ignore_merges"] = false,
            ["vocab"] = vocabulary,
            ["merges"] = new JsonArray([.. merges.Select(pair => new JsonArray(Tokens[pair.Left], Tokens[pair.Right]))]),
        };
    }

    private JsonObject PostProcessor(TokenizerMetadata metadata)
    {
        if (!metadata.AddsBos)
            return ByteLevel(addPrefixSpace: true, useRegex: true);
        var bos = metadata.BosToken!;
        return new JsonObject
        {
            ["type"] = "TemplateProcessing",
            ["single"] = new JsonArray(Special(bos), Sequence("A")),
            ["pair"] = new JsonArray(Special(bos), Sequence("A"), Special(bos), Sequence("B")),
            ["special_tokens"] = new JsonObject
            {
                [bos] = new JsonObject { ["id"] = bos, ["ids"] = new JsonArray(IdOf(bos)), ["tokens"] = new JsonArray(bos) },
            },
        };
    }

    private JsonObject Config(TokenizerMetadata metadata)
    {
        var config = new JsonObject
        {
            ["added_tokens_decoder"] = new JsonObject(SpecialTokens.Select((token, i) =>
            {
                var added = Added(token, Tokens.Count + i);
                added.Remove("id");
                return KeyValuePair.Create($"{Tokens.Count + i}", (JsonNode?)added);
            })),
            ["clean_up_tokenization_spaces"] = false,
            ["model_max_length"] = metadata.ModelMaxLength,
            ["tokenizer_class"] = "PreTrainedTokenizerFast",
        };
        foreach (var (role, token) in Roles(metadata))
            config[role] = token?.DeepClone();
        if (metadata.ChatTemplate is { } template)
            config["chat_template"] = template;
        return config;
    }

    private static JsonObject Roles(TokenizerMetadata metadata)
    {
        var roles = new JsonObject();
        foreach (var (role, token) in new[] { ("bos_token", metadata.BosToken), ("eos_token", metadata.EosToken), ("pad_token", metadata.PadToken) })
        {
            if (token is not null)
                roles[role] = token;
        }

        return roles;
    }

    private int IdOf(string special) => Tokens.Count + SpecialTokens.ToList().IndexOf(special);

    private static JsonObject Added(string token, int id) => new()
    {
        ["id"] = id,
        ["content"] = token,
        ["single_word"] = false,
        ["lstrip"] = false,
        ["rstrip"] = false,
        ["normalized"] = false,
        ["special"] = true,
    };

    private static JsonObject ByteLevel(bool addPrefixSpace, bool useRegex) => new()
    {
        ["type"] = "ByteLevel",
        ["add_prefix_space"] = addPrefixSpace,
        ["trim_offsets"] = true,
        ["use_regex"] = useRegex,
    };

    private static JsonObject Special(string token) => new() { ["SpecialToken"] = new JsonObject { ["id"] = token, ["type_id"] = 0 } };

    private static JsonObject Sequence(string id) => new() { ["Sequence"] = new JsonObject { ["id"] = id, ["type_id"] = 0 } };
}

using System.Globalization;
using Neoteny.Configuration;
using Neoteny.Models.Tokenizers.Editing;

namespace Neoteny.Host.Configuration;

/// <summary>Tokens that a run adds or gives another role.</summary>
[Options]
internal sealed record TokenOptions : IValidated
{
    /// <summary>Tokens by role.</summary>
    [Key("special_tokens", Summary = "Tokens by role: bos_token, eos_token, pad_token, unk_token; and additional_special_tokens.")]
    public SpecialTokenOptions Special { get; init; } = new();

    /// <summary>Tokens to add.</summary>
    [Key("tokens", Summary = "Tokens to add to the vocabulary.")]
    public IReadOnlyList<string> Tokens { get; init; } = [];

    /// <summary>New contents of added tokens, by id.</summary>
    [Key("added_tokens_overrides", Summary = "New contents of added (reserved) tokens, by their ids.")]
    public IReadOnlyDictionary<string, string> Overrides { get; init; } = new Dictionary<string, string>();

    /// <summary>Whether the embedding gets a multiple of 32 rows.</summary>
    [Key("resize_token_embeddings_to_32x", Default = "false", Summary = "Round the rows of the embedding up to a multiple of 32, where tokens are added.")]
    public bool RoundsRows { get; init; }

    /// <summary>Whether new rows begin as the mean of the old ones.</summary>
    [Key("mean_resizing_embeddings", Default = "true", Summary = "Begin new rows of the embedding as the mean of the old ones; false draws them at random.")]
    public bool UsesMean { get; init; } = true;

    /// <summary>Modules that train in full beside an adapter; owned by the adapter's plugin.</summary>
    [Reads("lora_modules_to_save")]
    public IReadOnlyList<string> SavedModules { get; init; } = [];

    /// <summary>What is to be different about the tokenizer.</summary>
    public TokenChanges Changes => new()
    {
        Roles = Special.Roles,
        SpecialTokens = Special.Additional,
        Tokens = Tokens,
        Replaced = Overrides.ToDictionary(o => int.Parse(o.Key, CultureInfo.InvariantCulture), o => o.Value),
    };

    /// <inheritdoc/>
    public void Validate(IProblems problems)
    {
        if (Overrides.Keys.FirstOrDefault(k => !int.TryParse(k, NumberStyles.None, CultureInfo.InvariantCulture, out _)) is { } wrong)
        {
            problems.Add(nameof(Overrides), $"has the key '{wrong}', which is no token id. Write id: token, for instance 128041: <|think|>.");
        }

        if (Tokens.Concat(Special.Additional).Any(t => t.Length == 0))
        {
            problems.Add(nameof(Tokens), "holds an empty token. Remove it.");
        }
    }
}

using Neoteny.Configuration;

namespace Neoteny.Host.Configuration;

/// <summary>The mapping <c>special_tokens</c>.</summary>
internal sealed record SpecialTokenOptions
{
    /// <summary>Begins a text.</summary>
    [Key("bos_token", Summary = "The token that begins a text.")]
    public string? Bos { get; init; }

    /// <summary>Ends a text.</summary>
    [Key("eos_token", Summary = "The token that ends a text.")]
    public string? Eos { get; init; }

    /// <summary>Fills up a batch.</summary>
    [Key("pad_token", Summary = "The token that fills up a batch.")]
    public string? Pad { get; init; }

    /// <summary>Stands for what the vocabulary cannot write.</summary>
    [Key("unk_token", Summary = "The token for what the vocabulary cannot write.")]
    public string? Unknown { get; init; }

    /// <summary>Special tokens without a role.</summary>
    [Key("additional_special_tokens", Summary = "Special tokens without a role.")]
    public IReadOnlyList<string> Additional { get; init; } = [];

    /// <summary>Those that are set, by the names that tokenizer files use.</summary>
    public IReadOnlyDictionary<string, string> Roles => new[] { ("bos_token", Bos), ("eos_token", Eos), ("pad_token", Pad), ("unk_token", Unknown) }
        .Where(r => !string.IsNullOrEmpty(r.Item2)).ToDictionary(r => r.Item1, r => r.Item2!);
}

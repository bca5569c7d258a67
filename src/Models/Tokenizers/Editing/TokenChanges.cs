namespace Neoteny.Models.Tokenizers.Editing;

/// <summary>What is to be different about a tokenizer's tokens.</summary>
public sealed record TokenChanges
{
    /// <summary>Tokens by the role they get: <c>bos_token</c>, <c>eos_token</c>, <c>pad_token</c>, <c>unk_token</c>.</summary>
    public IReadOnlyDictionary<string, string> Roles { get; init; } = new Dictionary<string, string>();

    /// <summary>Further special tokens: found whole, and left out of decoded text.</summary>
    public IReadOnlyList<string> SpecialTokens { get; init; } = [];

    /// <summary>Further tokens: found whole.</summary>
    public IReadOnlyList<string> Tokens { get; init; } = [];

    /// <summary>New contents of added tokens, by id: how reserved tokens are put to use.</summary>
    public IReadOnlyDictionary<int, string> Replaced { get; init; } = new Dictionary<int, string>();

    /// <summary>Whether nothing is to change.</summary>
    public bool IsEmpty => Roles.Count + SpecialTokens.Count + Tokens.Count + Replaced.Count == 0;
}

namespace Neoteny.Models.Tokenizers;

/// <summary>What a tokenizer folder says beside its vocabulary.</summary>
public sealed record TokenizerMetadata
{
    /// <summary>Token that begins a text; one of the special tokens, or null.</summary>
    public string? BosToken { get; init; }

    /// <summary>Token that ends a text; one of the special tokens, or null.</summary>
    public string? EosToken { get; init; }

    /// <summary>Token that fills up a batch; one of the special tokens, or null.</summary>
    public string? PadToken { get; init; }

    /// <summary>Whether encoding with special tokens puts <see cref="BosToken"/> first.</summary>
    public bool AddsBos { get; init; }

    /// <summary>Jinja text of the chat template, or null for none.</summary>
    public string? ChatTemplate { get; init; }

    /// <summary>Longest sequence that the model takes, in tokens.</summary>
    public required int ModelMaxLength { get; init; }
}

namespace Neoteny.Models.Tokenizers.Algorithms;

/// <summary>The options of a BPE model in tokenizer.json.</summary>
internal sealed record BytePairSettings
{
    /// <summary>Whether pieces are bytes in GPT-2's alphabet rather than characters.</summary>
    public required bool Bytes { get; init; }

    public required bool ByteFallback { get; init; }

    public required bool IgnoreMerges { get; init; }

    public required bool FuseUnknown { get; init; }

    public string? UnknownToken { get; init; }

    /// <summary>Stands before every character but the first of a word.</summary>
    public string SubwordPrefix { get; init; } = "";

    /// <summary>Stands behind the last character of a word.</summary>
    public string WordSuffix { get; init; } = "";
}

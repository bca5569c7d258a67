namespace Neoteny.Models.Generation;

/// <summary>One token as it is generated.</summary>
public sealed class GeneratedToken
{
    /// <summary>The prompt it continues, by index.</summary>
    public required int Prompt { get; init; }

    /// <summary>The token.</summary>
    public required int Id { get; init; }

    /// <summary>Text that is certain now: whole characters only, nothing that belongs to a stop string, no special tokens. Empty without a tokenizer.</summary>
    public required string Text { get; init; }

    /// <summary>Why the sequence ends with this token; null while it goes on.</summary>
    public StopReason? Stop { get; init; }
}

/// <summary>Why a sequence ended.</summary>
public enum StopReason
{
    /// <summary>An end-of-sequence token came; it is the last of the ids.</summary>
    EndOfSequence,

    /// <summary>A stop string came; the text ends before it.</summary>
    StopString,

    /// <summary>The most tokens allowed were generated.</summary>
    Length,
}

/// <summary>What was generated for one prompt.</summary>
public sealed class GenerationResult
{
    /// <summary>The new tokens, an end-of-sequence token included.</summary>
    public required IReadOnlyList<int> Ids { get; init; }

    /// <summary>The new text; empty without a tokenizer.</summary>
    public required string Text { get; init; }

    /// <summary>Why it ended.</summary>
    public required StopReason Stop { get; init; }
}

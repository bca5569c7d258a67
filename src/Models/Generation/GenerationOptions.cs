using Neoteny.Models.Configuration;

namespace Neoteny.Models.Generation;

/// <summary>How text is generated. The defaults are greedy and stop after 256 tokens.</summary>
public sealed record GenerationOptions
{
    /// <summary>The most tokens to add to a prompt; at least 1.</summary>
    public int MaxNewTokens { get; init; } = 256;

    /// <summary>Token ids that end a sequence.</summary>
    public IReadOnlyList<int> EosTokenIds { get; init; } = [];

    /// <summary>Texts that end a sequence; they are cut off. Needs a tokenizer.</summary>
    public IReadOnlyList<string> StopStrings { get; init; } = [];

    /// <summary>Divisor of the logits; 0 always takes the most likely token.</summary>
    public double Temperature { get; init; }

    /// <summary>Keeps the most likely tokens that together reach this probability; 1 keeps all. In (0, 1].</summary>
    public double TopP { get; init; } = 1;

    /// <summary>Keeps this many of the most likely tokens; 0 keeps all.</summary>
    public int TopK { get; init; }

    /// <summary>Drops tokens less likely than this share of the most likely one's probability; 0 keeps all. In [0, 1].</summary>
    public double MinP { get; init; }

    /// <summary>Divides positive logits of tokens that occurred, prompt included, and multiplies negative ones; 1 changes nothing. Above 0.</summary>
    public double RepetitionPenalty { get; init; } = 1;

    /// <summary>Seed of the draws: the same seed, prompts and model give the same tokens.</summary>
    public ulong Seed { get; init; }

    /// <summary>Whether keys and values of earlier tokens are kept rather than computed again at every token.</summary>
    public bool UseCache { get; init; } = true;

    /// <summary>The settings that a model's makers recommend.</summary>
    public static GenerationOptions From(GenerationConfig config) => new()
    {
        EosTokenIds = config.EosTokenIds,
        Temperature = config.DoSample ? config.Temperature : 0,
        TopP = config.TopP,
        TopK = config.TopK,
        MinP = config.MinP,
        RepetitionPenalty = config.RepetitionPenalty,
    };

    /// <summary>Checks the ranges.</summary>
    /// <exception cref="InputException">A value is out of its range.</exception>
    public void Validate()
    {
        Check(MaxNewTokens >= 1, "max_new_tokens", "at least 1", MaxNewTokens);
        Check(Temperature >= 0 && double.IsFinite(Temperature), "temperature", "0 (greedy) or above", Temperature);
        Check(TopP is > 0 and <= 1, "top_p", "above 0 and at most 1", TopP);
        Check(TopK >= 0, "top_k", "0 (all) or above", TopK);
        Check(MinP is >= 0 and <= 1, "min_p", "from 0 to 1", MinP);
        Check(RepetitionPenalty > 0 && double.IsFinite(RepetitionPenalty), "repetition_penalty", "above 0", RepetitionPenalty);
        Check(StopStrings.All(s => s.Length > 0), "stop", "texts that are not empty", "an empty text");
    }

    private static void Check(bool holds, string key, string expected, object found)
        => _ = holds ? 0 : throw new InputException(FormattableString.Invariant($"{key} must be {expected}, but it is {found}."));
}

namespace Neoteny.Models.Configuration;

/// <summary>A model's <c>generation_config.json</c>: where to stop and how its makers sample.</summary>
public sealed record GenerationConfig
{
    /// <summary>Token ids that end a generation; empty for none.</summary>
    public IReadOnlyList<int> EosTokenIds { get; init; } = [];

    /// <summary>The token that begins a text; null for none.</summary>
    public int? BosTokenId { get; init; }

    /// <summary>The padding token; null for none.</summary>
    public int? PadTokenId { get; init; }

    /// <summary>Whether to sample rather than take the most likely token.</summary>
    public bool DoSample { get; init; }

    /// <summary>Divisor of the logits.</summary>
    public double Temperature { get; init; } = 1;

    /// <summary>Probability mass kept, from the most likely token down.</summary>
    public double TopP { get; init; } = 1;

    /// <summary>Tokens kept; 0 for all.</summary>
    public int TopK { get; init; }

    /// <summary>Least probability, relative to the most likely token.</summary>
    public double MinP { get; init; }

    /// <summary>Penalty on tokens that occurred; 1 for none.</summary>
    public double RepetitionPenalty { get; init; } = 1;

    /// <summary>Reads a model folder's <c>generation_config.json</c>; what it does not say comes from <paramref name="config"/>.</summary>
    /// <exception cref="InputException">A file is malformed.</exception>
    public static GenerationConfig Open(string folder, HuggingFaceConfig config)
    {
        var path = Path.Combine(folder, "generation_config.json");
        var own = File.Exists(path) ? HuggingFaceConfig.Read(path) : null;
        return new GenerationConfig
        {
            EosTokenIds = own?.Integers("eos_token_id") is { Count: > 0 } ids ? ids : config.Integers("eos_token_id"),
            BosTokenId = Id("bos_token_id"),
            PadTokenId = Id("pad_token_id"),
            DoSample = own?.Flag("do_sample", false) ?? false,
            Temperature = own?.Number("temperature", 1) ?? 1,
            TopP = own?.Number("top_p", 1) ?? 1,
            TopK = own?.Integer("top_k", 0) ?? 0,
            MinP = own?.Number("min_p", 0) ?? 0,
            RepetitionPenalty = own?.Number("repetition_penalty", 1) ?? 1,
        };

        int? Id(string key) => own?.Has(key) == true ? own.Integer(key) : config.Has(key) ? config.Integer(key) : null;
    }
}

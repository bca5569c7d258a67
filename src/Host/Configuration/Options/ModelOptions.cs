using Neoteny.Configuration;

namespace Neoteny.Host.Configuration;

/// <summary>Which model, and where it runs.</summary>
[Options]
internal sealed record ModelOptions : IValidated
{
    /// <summary>A folder with a Hugging Face model, or an id of the hub.</summary>
    [Key("base_model", Required = true, Summary = "A folder with config.json, *.safetensors and the tokenizer, or an id of the hub: org/name, org/name@revision.")]
    public string BaseModel { get; init; } = "";

    /// <summary>The revision of <see cref="BaseModel"/> on the hub.</summary>
    [Key("revision_of_model", Summary = "The branch, tag or commit of base_model on the hub.", Default = "main")]
    public string? Revision { get; init; }

    /// <summary>Where the tokenizer is, if not with the model.</summary>
    [Key("tokenizer_config", Summary = "A folder or an id of the hub that holds the tokenizer.", Default = "base_model")]
    public string? Tokenizer { get; init; }

    /// <summary>Keys of config.json with other values.</summary>
    [Key("overrides_of_model_config", Aliases = ["model_config"], Summary = "Keys that replace those of the model's config.json before it is built, for instance rope_scaling.")]
    public IReadOnlyDictionary<string, object?> ConfigOverrides { get; init; } = new Dictionary<string, object?>();

    /// <summary>Where the model runs.</summary>
    [Key("device", Default = "auto", Summary = "auto (a GPU where there is one), cpu, cuda or cuda:n.")]
    public string Device { get; init; } = "auto";

    /// <summary>Whether libtorch must use deterministic operators.</summary>
    [Key("deterministic", Default = "false", Summary = "Use only operators that give the same bits each time; the CPU does so anyway, a GPU gets slower.")]
    public bool Deterministic { get; init; }

    /// <summary>Whether to draw fresh weights instead of reading the checkpoint's.</summary>
    [Key("reinit_weights", Default = "false", Summary = "Draw fresh weights from the seed instead of reading the checkpoint's: pretraining.")]
    public bool Reinitialize { get; init; }

    /// <summary>The loss.</summary>
    [Key("loss", Default = "cross_entropy, or what a key such as cut_cross_entropy activates", Summary = "The loss, by the name that a plugin provides.")]
    public string? Loss { get; init; }

    /// <summary>The adapter; null for full fine-tuning.</summary>
    [Key("adapter", Summary = "lora, or another adapter that a plugin provides; absent: all weights train.")]
    public string? Adapter { get; init; }

    /// <summary>A saved adapter to go on from.</summary>
    [Key("lora_model_dir", Summary = "A folder (or an id of the hub) with a saved adapter to go on from.")]
    public string? SavedAdapter { get; init; }

    /// <inheritdoc/>
    public void Validate(IProblems problems)
    {
        if (Device is not ("auto" or "cpu" or "cuda") && !(Device.StartsWith("cuda:", StringComparison.Ordinal) && int.TryParse(Device[5..], out var index) && index >= 0))
        {
            problems.Add(nameof(Device), $"is '{Device}'. Use auto, cpu, cuda or cuda:n with n from 0.");
        }

        if (SavedAdapter is not null && Adapter is null)
        {
            problems.Add(nameof(SavedAdapter), "needs the kind of adapter too, for instance adapter: lora.");
        }

        if (Reinitialize && Adapter is not null)
        {
            problems.Add(nameof(Reinitialize), "cannot be combined with an adapter: fresh weights would stay frozen. Remove one of the two.");
        }
    }
}

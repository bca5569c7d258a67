using Neoteny.Configuration;

namespace Neoteny.Plugins.Lora;

/// <summary>The keys of LoRA.</summary>
[Options]
public sealed record LoraOptions : IValidated
{
    /// <summary>Whether the run uses LoRA at all; owned by the host.</summary>
    [Reads("adapter")]
    public string? Adapter { get; init; }

    /// <summary>A saved adapter to go on from; owned by the host.</summary>
    [Reads("lora_model_dir")]
    public string? SavedAdapter { get; init; }

    /// <summary>Rank of A and B.</summary>
    [Key("lora_r", Minimum = 1, Maximum = 4096, Summary = "Rank of the adapter's matrices.")]
    public int? Rank { get; init; }

    /// <summary>Numerator of the factor on the delta.</summary>
    [Key("lora_alpha", Minimum = 0, Summary = "The delta is multiplied by lora_alpha / lora_r (rsLoRA: / sqrt(lora_r)).")]
    public double? Alpha { get; init; }

    /// <summary>Probability that an input feature of the delta is dropped.</summary>
    [Key("lora_dropout", Minimum = 0, Maximum = 0.999, Default = "0", Summary = "Dropout on the delta's input.")]
    public double Dropout { get; init; }

    /// <summary>Names of the linear modules to adapt, or one regular expression over whole paths.</summary>
    [Key("lora_target_modules", Summary = "Module names (q_proj), path ends (self_attn.q_proj), or one regular expression over the whole path; embed_tokens and lm_head too.")]
    public IReadOnlyList<string> TargetModules { get; init; } = [];

    /// <summary>Adapt every linear module but the head.</summary>
    [Key("lora_target_linear", Default = "false", Summary = "Adapt every linear module except the output head.")]
    public bool TargetLinear { get; init; }

    /// <summary>Bare parameters to adapt.</summary>
    [Key("lora_target_parameters", Summary = "Parameters of routers and stacked experts to adapt: mlp.experts.gate_up_proj, mlp.experts.down_proj, mlp.gate.weight, or their ends.")]
    public IReadOnlyList<string> TargetParameters { get; init; } = [];

    /// <summary>Rank-stabilized factor.</summary>
    [Key("peft_use_rslora", Default = "false", Summary = "Multiply by lora_alpha / sqrt(lora_r) (rsLoRA).")]
    public bool UseRsLora { get; init; }

    /// <summary>Weight-decomposed adapters.</summary>
    [Key("peft_use_dora", Default = "false", Summary = "Learn magnitudes beside the directions (DoRA).")]
    public bool UseDora { get; init; }

    /// <summary>Modules that train in full and are saved with the adapter.</summary>
    [Key("lora_modules_to_save", Summary = "Modules that train in full beside the adapter and are saved with it: embed_tokens and lm_head after adding tokens.")]
    public IReadOnlyList<string> ModulesToSave { get; init; } = [];

    /// <summary>Ranks of some modules, by the end of their path as a regular expression.</summary>
    [Key("lora_rank_pattern", Minimum = 1, Maximum = 4096, Summary = "Ranks that differ from lora_r, by module: the end of a path, or ^ and a whole path, as a regular expression.")]
    public IReadOnlyDictionary<string, int> RankPattern { get; init; } = new Dictionary<string, int>();

    /// <summary>Alphas of some modules, by the end of their path as a regular expression.</summary>
    [Key("lora_alpha_pattern", Minimum = 0, Summary = "Alphas that differ from lora_alpha, by module, as in lora_rank_pattern.")]
    public IReadOnlyDictionary<string, double> AlphaPattern { get; init; } = new Dictionary<string, double>();

    /// <summary>Layers to adapt; empty for all.</summary>
    [Key("peft_layers_to_transform", Minimum = 0, Summary = "Numbers of the layers to adapt, from 0; absent: all.")]
    public IReadOnlyList<int> Layers { get; init; } = [];

    /// <summary>Names of the lists that layers stand in.</summary>
    [Key("peft_layers_pattern", Summary = "The name of the list that peft_layers_to_transform counts in, where a model has several: layers.")]
    public IReadOnlyList<string> LayersPattern { get; init; } = [];

    /// <inheritdoc/>
    public void Validate(IProblems problems)
    {
        if (Adapter != LoraAdapter.AdapterName || SavedAdapter is not null)
        {
            return;
        }

        if (Rank is null)
        {
            problems.Add(nameof(Rank), "is missing: adapter lora needs a rank, for instance lora_r: 16.");
        }

        if (Alpha is null)
        {
            problems.Add(nameof(Alpha), "is missing: adapter lora needs it, for instance lora_alpha: 32.");
        }

        if (TargetParameters.Count > 0 && Dropout > 0)
        {
            problems.Add(nameof(Dropout), "cannot be combined with lora_target_parameters: adapters on bare parameters have no input to drop. Set it to 0, or remove those.");
        }

        if (TargetParameters.Count > 0 && UseDora)
        {
            problems.Add(nameof(UseDora), "cannot be combined with lora_target_parameters. Keep one of them.");
        }

        if (TargetModules.Count == 0 && !TargetLinear && TargetParameters.Count == 0)
        {
            problems.Add(nameof(TargetModules), "is missing: say lora_target_linear: true, or name modules, for instance lora_target_modules: [q_proj, v_proj].");
        }

        if (LayersPattern.Count > 0 && Layers.Count == 0)
        {
            problems.Add(nameof(LayersPattern), "needs peft_layers_to_transform too. Set it, or remove the key.");
        }

        if (TargetModules.Count > 0 && TargetLinear)
        {
            problems.Add(nameof(TargetLinear), "cannot be combined with lora_target_modules; keep one of them.");
        }
    }
}

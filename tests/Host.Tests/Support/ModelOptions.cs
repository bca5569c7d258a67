using Neoteny.Configuration;

namespace Neoteny.Host.Tests;

/// <summary>Stands for the option records of models and training: one key of every type.</summary>
[Options]
internal sealed record ModelOptions : IValidated
{
    [Key("plugins")]
    public IReadOnlyList<string> Plugins { get; init; } = [];

    [Key("base_model", Required = true, Summary = "Folder of the model.")]
    public string BaseModel { get; init; } = "";

    [Key("sequence_len", Minimum = 1, Summary = "Longest row.")]
    public int SequenceLength { get; init; } = 512;

    [Key("max_steps", Minimum = 1)]
    public int? MaxSteps { get; init; }

    [Key("seed")]
    public long Seed { get; init; } = 42;

    [Key("learning_rate", Minimum = 0, Maximum = 1, Default = "0.0002")]
    public double LearningRate { get; init; } = 2e-4;

    [Key("train_on_inputs")]
    public bool TrainOnInputs { get; init; }

    [Key("sample_packing")]
    public bool? SamplePacking { get; init; }

    [Key("bf16")]
    public Precision Bf16 { get; init; }

    [Key("optimizer", Allowed = ["adamw_torch", "adamw_torch_fused", "sgd"])]
    public string Optimizer { get; init; } = "adamw_torch";

    [Key("attn_implementation", Aliases = ["attention_backend"])]
    public string? AttentionImplementation { get; init; }

    [Key("lora_target_modules")]
    public IReadOnlyList<string> TargetModules { get; init; } = [];

    [Key("lora_rank_pattern")]
    public IReadOnlyDictionary<string, int> RankPattern { get; init; } = new Dictionary<string, int>();

    [Key("model_overrides")]
    public IReadOnlyDictionary<string, object?> ModelOverrides { get; init; } = new Dictionary<string, object?>();

    [Key("datasets")]
    public IReadOnlyList<DatasetOptions> Datasets { get; init; } = [];

    [Key("special_tokens")]
    public SpecialTokens? SpecialTokens { get; init; }

    public void Validate(IProblems problems)
    {
        if (TrainOnInputs && SamplePacking == true)
            problems.Add(nameof(SamplePacking), "not together with train_on_inputs");
        if (MaxSteps > 1000)
            problems.Warn(nameof(MaxSteps), "more than 1000 steps take long");
    }
}

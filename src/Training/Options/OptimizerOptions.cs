using Neoteny.Configuration;

namespace Neoteny.Training.Options;

/// <summary>The optimizer.</summary>
[Options]
public sealed record OptimizerOptions : IValidated
{
    private static readonly string[] Supported = ["adamw_torch_fused", "adamw_torch"];

    private static readonly string[] EightBit =
    [
        "adamw_bnb_8bit", "adamw_8bit", "adamw_torch_8bit", "paged_adamw_8bit", "paged_adamw_32bit", "adamw_torch_4bit", "ao_adamw_8bit", "ao_adamw_4bit",
        "ao_adamw_fp8",
    ];

    /// <summary>The optimizer's name.</summary>
    [Key("optimizer", Summary = "adamw_torch_fused or adamw_torch; both are the same fused AdamW.")]
    public string Name { get; init; } = Supported[0];

    /// <summary>The peak learning rate.</summary>
    [Key("learning_rate", Required = true, Minimum = 0, Summary = "The peak learning rate.")]
    public double LearningRate { get; init; }

    /// <summary>Decoupled weight decay, of parameters with two or more dimensions.</summary>
    [Key("weight_decay", Minimum = 0, Summary = "Decoupled weight decay; norms and biases have none.")]
    public double WeightDecay { get; init; }

    /// <summary>Decay of the first moment.</summary>
    [Key("adam_beta1", Minimum = 0, Maximum = 1, Summary = "Decay of the first moment.")]
    public double Beta1 { get; init; } = 0.9;

    /// <summary>Decay of the second moment.</summary>
    [Key("adam_beta2", Minimum = 0, Maximum = 1, Summary = "Decay of the second moment.")]
    public double Beta2 { get; init; } = 0.999;

    /// <summary>Added to the root of the second moment.</summary>
    [Key("adam_epsilon", Minimum = 0, Summary = "Added to the root of the second moment.")]
    public double Epsilon { get; init; } = 1e-8;

    /// <summary>The largest global gradient norm; 0 does not clip.</summary>
    [Key("max_grad_norm", Minimum = 0, Summary = "Gradients are scaled down to this global norm; 0 does not clip.")]
    public double MaximumGradientNorm { get; init; } = 1;

    /// <summary>Further arguments: <c>bf16_stochastic_round</c>, <c>bf16_moments</c>.</summary>
    [Key("optim_args", Summary = "bf16_stochastic_round: true rounds bf16 weights stochastically instead of keeping fp32 masters; bf16_moments: true keeps their moments in bf16.")]
    public IReadOnlyDictionary<string, string> Arguments { get; init; } = new Dictionary<string, string>();

    /// <summary>Whether bf16 weights are rounded stochastically instead of being kept a second time in fp32.</summary>
    public bool StochasticRounding => Flag(StochasticKey);

    /// <summary>Whether the moments of bf16 weights are kept in bf16.</summary>
    public bool BFloat16Moments => Flag(MomentsKey);

    private const string StochasticKey = "bf16_stochastic_round";
    private const string MomentsKey = "bf16_moments";

    /// <inheritdoc/>
    public void Validate(IProblems problems)
    {
        if (EightBit.Contains(Name))
        {
            problems.Add(nameof(Name), $"'{Name}' keeps its state in 8 bits or pages it, which is not supported yet. Use {Supported[0]}.");
        }
        else if (!Supported.Contains(Name))
        {
            problems.Add(nameof(Name), $"'{Name}' is not known. Use {string.Join(" or ", Supported)}.");
        }

        if (Beta1 >= 1)
        {
            problems.Add(nameof(Beta1), "must be below 1.");
        }

        if (Beta2 >= 1)
        {
            problems.Add(nameof(Beta2), "must be below 1.");
        }

        foreach (var (key, text) in Arguments)
        {
            if (key is not (StochasticKey or MomentsKey))
            {
                problems.Add(nameof(Arguments), $"has no argument '{key}'; there are {StochasticKey} and {MomentsKey}.");
            }
            else if (!bool.TryParse(text, out _))
            {
                problems.Add(nameof(Arguments), $"{key} is true or false, not '{text}'.");
            }
        }
    }

    private bool Flag(string key) => Arguments.TryGetValue(key, out var text) && bool.TryParse(text, out var value) && value;
}

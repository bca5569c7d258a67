using Neoteny.Training.Options;

namespace Neoteny.Training.Optimizers;

/// <summary>Fixed numbers of AdamW.</summary>
public sealed record AdamWSettings
{
    /// <summary>Decay of the first moment.</summary>
    public double Beta1 { get; init; } = 0.9;

    /// <summary>Decay of the second moment.</summary>
    public double Beta2 { get; init; } = 0.999;

    /// <summary>Added to the root of the second moment.</summary>
    public double Epsilon { get; init; } = 1e-8;

    /// <summary>Decoupled weight decay: a weight loses this fraction, times the learning rate, each step.</summary>
    public double WeightDecay { get; init; }

    /// <summary>Which parameters decay.</summary>
    public WeightDecayPolicy Decays { get; init; } = WeightDecayPolicy.Matrices;

    /// <summary>Whether bf16 weights are rounded stochastically instead of being kept a second time in fp32.</summary>
    public bool StochasticRounding { get; init; }

    /// <summary>Whether the moments of bf16 weights are bf16, rounded stochastically, instead of fp32.</summary>
    public bool BFloat16Moments { get; init; }

    /// <summary>Seed of the stochastic rounding.</summary>
    public long Seed { get; init; }

    /// <summary>The settings of a configuration.</summary>
    public static AdamWSettings Of(OptimizerOptions options, long seed) => new()
    {
        Beta1 = options.Beta1,
        Beta2 = options.Beta2,
        Epsilon = options.Epsilon,
        WeightDecay = options.WeightDecay,
        StochasticRounding = options.StochasticRounding,
        BFloat16Moments = options.BFloat16Moments,
        Seed = seed,
    };
}

using Neoteny.Parameters;

namespace Neoteny.Adapters;

/// <summary>Low-rank data attached to a site: the site computes <c>base(x) + Scale * (dropout(x) A' B' + Bias)</c>.</summary>
/// <remarks>
/// Data only: the plain linear and every fused override read the same. With <see cref="Magnitude"/> (DoRA) the result is
/// <c>m * (W x + Scale * B A x) / ||W + Scale * B A||</c>, the norm over each output row, constant in backward (Liu et al. 2024, section 4.3).
/// On stacked experts (<see cref="Target"/>) A and B hold the matrices of all experts as PEFT lays them out: those of expert e are
/// rows <c>e * R</c> to <c>e * R + R - 1</c> of A <c>[E * R, I]</c>, and every E-th column of B <c>[O, R * E]</c> from column e on.
/// </remarks>
public sealed class LowRankDelta
{
    /// <summary>A, <c>[R, I]</c>; R is the rank.</summary>
    public required Parameter A { get; init; }

    /// <summary>B, <c>[O, R]</c>.</summary>
    public required Parameter B { get; init; }

    /// <summary>The factor: alpha / r for LoRA, alpha / sqrt(r) for rsLoRA.</summary>
    public required double Scale { get; init; }

    /// <summary>Probability that an input feature of the delta is dropped in training.</summary>
    public double Dropout { get; init; }

    /// <summary>DoRA magnitudes, <c>[O]</c>, or null.</summary>
    public Parameter? Magnitude { get; init; }

    /// <summary>Which weight of the site it adds to.</summary>
    public DeltaTarget Target { get; init; }

    /// <summary>A bias of B, <c>[O]</c>, scaled as B is, or null. Not together with <see cref="Magnitude"/>.</summary>
    public Parameter? Bias { get; init; }

    /// <summary>How many matrices A and B hold each: the experts of a stack, else 1.</summary>
    public int ExpertCount { get; init; } = 1;

    /// <summary>The rank of one matrix.</summary>
    public long Rank => A.Shape[0] / ExpertCount;

    /// <summary>All its parameters.</summary>
    public IEnumerable<Parameter> Parameters => new[] { A, B, Magnitude, Bias }.OfType<Parameter>();
}

/// <summary>The weight that a delta adds to.</summary>
public enum DeltaTarget
{
    /// <summary>The only weight of a linear, embedding or router site.</summary>
    Weight,

    /// <summary>The stacked gate and up projections of an experts site.</summary>
    GateUp,

    /// <summary>The stacked down projections of an experts site.</summary>
    Down,
}

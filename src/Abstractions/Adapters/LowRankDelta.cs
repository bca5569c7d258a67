using Neoteny.Parameters;

namespace Neoteny.Adapters;

/// <summary>Low-rank data attached to a site: the site computes <c>base(x) + Scale * (dropout(x) A' B' + Bias)</c>.</summary>
/// <remarks>
/// Data only: the plain linear and every fused override read the same. With <see cref="Magnitude"/> (DoRA) the result is
/// <c>m * (W x + Scale * B A x) / ||W + Scale * B A||</c>, the norm over each output row, constant in backward (Liu et al. 2024, section 4.3).
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

    /// <summary>A bias of B, <c>[O]</c>, scaled as B is, or null. Not together with <see cref="Magnitude"/>.</summary>
    public Parameter? Bias { get; init; }

    /// <summary>All its parameters.</summary>
    public IEnumerable<Parameter> Parameters => new[] { A, B, Magnitude, Bias }.OfType<Parameter>();
}

using Neoteny.Parameters;

namespace Neoteny.Training.Optimizers;

/// <summary>Which parameters lose weight each step.</summary>
public sealed class WeightDecayPolicy
{
    private readonly Func<Parameter, bool> applies;

    private WeightDecayPolicy(Func<Parameter, bool> applies) => this.applies = applies;

    /// <summary>Every parameter.</summary>
    public static WeightDecayPolicy Everything { get; } = new(_ => true);

    /// <summary>Parameters of two or more dimensions: norms and biases do not decay, as in Hugging Face's trainer.</summary>
    public static WeightDecayPolicy Matrices { get; } = new(p => p.Shape.Count > 1);

    /// <summary>Whether a parameter decays.</summary>
    public bool Applies(Parameter parameter) => applies(parameter);
}

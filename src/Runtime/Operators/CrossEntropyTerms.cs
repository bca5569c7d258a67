namespace Neoteny.Runtime.Operators;

/// <summary>What a cross-entropy is made of, beside its labels.</summary>
/// <remarks>
/// With logits z (after the softcap), label y, smoothing e and factor k: <c>loss = lse(z) - (1 - e) z_y - e mean(z) + k lse(z)^2</c> and
/// <c>dz = (1 + 2 k lse) softmax(z) - (1 - e) [y] - e / V</c>; a softcap multiplies dz by <c>1 - (z / cap)^2</c>.
/// </remarks>
public sealed record CrossEntropyTerms
{
    /// <summary>Nothing beside the labels.</summary>
    public static CrossEntropyTerms None { get; } = new();

    /// <summary>Label smoothing in [0, 1).</summary>
    public double Smoothing { get; init; }

    /// <summary>Factor of the squared log-partition.</summary>
    public double ZLoss { get; init; }

    /// <summary>Logits become <c>cap * tanh(logit / cap)</c>; 0 for none.</summary>
    public double Softcap { get; init; }

    /// <summary>Whether each token's loss is multiplied by the probability that the model gives its label, taken as a constant.</summary>
    public bool ScalesByProbability { get; init; }
}

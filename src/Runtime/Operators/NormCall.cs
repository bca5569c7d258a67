using static TorchSharp.torch;

namespace Neoteny.Runtime.Operators;

// N rows, H features

/// <summary>What a norm computes.</summary>
/// <param name="Epsilon">Added to the mean square, or to the variance where <paramref name="Centered"/>.</param>
/// <param name="Offset">Added to the weight: 1 for Gemma.</param>
/// <param name="Centered">Whether the mean is subtracted (LayerNorm) or not (RMSNorm).</param>
public sealed record NormSettings(double Epsilon, double Offset, bool Centered);

/// <summary>The rented weights of a norm, borrowed.</summary>
/// <param name="Scale">Factors <c>[H]</c>.</param>
/// <param name="Bias">Added at the end, <c>[H]</c>, or null.</param>
public readonly record struct NormWeights(Tensor Scale, Tensor? Bias);

/// <summary>What forward gives; the caller's.</summary>
/// <param name="Output">The normed rows, in shape and dtype of the input.</param>
/// <param name="Inverse">One over each row's root mean square (or deviation), fp32 <c>[N]</c>.</param>
/// <param name="Mean">Each row's mean, fp32 <c>[N]</c>; of centered norms only.</param>
/// <param name="Sum">Input plus residual, where there is one.</param>
public readonly record struct NormResult(Tensor Output, Tensor Inverse, Tensor? Mean, Tensor? Sum);

/// <summary>What backward reads, borrowed.</summary>
/// <param name="Gradient">Gradient of the output.</param>
/// <param name="Input">What was normed: the sum, where a residual was added.</param>
/// <param name="Inverse">From forward.</param>
/// <param name="Mean">From forward.</param>
public readonly record struct NormBackward(Tensor Gradient, Tensor Input, Tensor Inverse, Tensor? Mean)
{
    /// <summary>Added to the gradient of the input; null for nothing.</summary>
    public Tensor? Added { get; init; }

    /// <summary>Where to write the gradient of the input: may be <see cref="Added"/> itself, without gaps; null for a new tensor.</summary>
    public Tensor? Into { get; init; }

    /// <summary>Whether the gradient of the weight is wanted.</summary>
    public bool NeedsWeight { get; init; }

    /// <summary>Whether the gradient of the bias is wanted.</summary>
    public bool NeedsBias { get; init; }
}

/// <summary>What backward gives; the caller's.</summary>
/// <param name="Input">Gradient of the input; <see cref="NormBackward.Into"/> itself where that was given.</param>
/// <param name="Weight">Gradient of the weight in its dtype, where wanted.</param>
/// <param name="Bias">Gradient of the bias in its dtype, where wanted.</param>
public readonly record struct NormGradients(Tensor Input, Tensor? Weight, Tensor? Bias);
